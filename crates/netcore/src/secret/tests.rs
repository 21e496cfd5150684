use super::*;

#[test]
fn a_secret_does_not_print_itself() {
    let secret = Secret::new("open sesame");
    for text in [format!("{secret:?}"), format!("{secret:#?}"), format!("{:?}", Some(&secret))] {
        assert!(!text.contains("sesame"), "{text}");
    }
    assert_eq!(secret.expose(), "open sesame");
    assert_eq!(secret, secret.clone());
    assert_ne!(secret, Secret::new(""));
}
