use crate::backplane::redis::refusal::shorten;

#[test]
fn the_code_comes_first_whatever_the_release_puts_around_it() {
    let oom = "OOM command not allowed when used memory > 'maxmemory'.";
    let newer = format!("{oom} script: 5f1b, on @user_script:12.");
    let older = format!(
        "ERR Error running script (call to f_5f1b): @user_script:12: @user_script: 12: -{oom} "
    );
    assert_eq!(shorten(&newer), oom);
    assert_eq!(shorten(&older), oom);
    assert_eq!(shorten(oom), oom);
    let refused = "The user executing the script can't run this command or subcommand";
    for place in
        ["", "@user_script: 73: ", "ERR Error running script: @user_script:12: @user_script: 73: "]
    {
        assert_eq!(shorten(&format!("{place}{refused}")), format!("NOPERM {refused}"));
    }
    // Valkey 8.
    let refused =
        "ACL failure in script: User default has no permissions to run the 'xadd' command";
    assert_eq!(
        shorten(&format!("ERR {refused} script: 5f1b, on @user_script:73.")),
        format!("NOPERM {refused}")
    );
    let other = "ERR unknown command 'X', with args beginning with: ";
    assert_eq!(shorten(other), other.trim_end());
}
