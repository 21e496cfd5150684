//! What a client's line does.

use bytes::Bytes;

use crate::custom_command::{Answer, Call};
use crate::hub::Undelivered;
use crate::hub::mailbox::What;
use crate::protocol::command::{HELP, Input};
use crate::protocol::format::Pen;
use crate::protocol::text::clean;
use crate::shard::member::{Member, NEVER};
use crate::shard::output::Outbox;
use crate::shard::room::Move;
use crate::shard::{LIST, LISTED, Seat, since};
use crate::stats::count;

impl Seat {
    pub(crate) fn line(&mut self, member: &mut Member, line: &[u8], out: &mut impl Outbox) {
        let hub = self.hub.clone();
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(e) => {
                count(&hub.counters.refused_encoding, 1);
                let words = format!("line refused: not UTF-8 at byte {}", e.valid_up_to());
                return self.answer(member, &words, out);
            }
        };
        match Input::parse(text) {
            Input::Blank => {}
            Input::Say(text) => self.say(member, text),
            Input::Quit => self.leave(member, self.now, out),
            Input::Nick(name) => self.rename(member, name, out),
            Input::Join(name) => self.go(member, name, out),
            Input::Msg(name, text) => self.whisper(member, name, text, out),
            Input::Who => self.who(member, out),
            Input::Rooms => self.list_rooms(member, out),
            Input::Help => {
                let added = hub.commands.help();
                HELP.iter().copied().chain(added).for_each(|words| self.answer(member, words, out));
            }
            Input::Other(command, argument) => match hub.commands.find(command) {
                Some(handler) => {
                    let room = self.room_name(member.room);
                    let argument = clean(argument);
                    let mut call = Call {
                        name: &member.name.clone(),
                        room: &room,
                        argument: &argument,
                        answers: Vec::new(),
                    };
                    handler(&mut call);
                    for answer in call.answers {
                        match answer {
                            Answer::Tell(words) => self.answer(member, &clean(&words), out),
                            Answer::Say(words) => self.notify(member.room, &clean(&words)),
                        }
                    }
                }
                None => {
                    let words = format!("no command /{}; /help says what there is", clean(command));
                    self.answer(member, &words, out);
                }
            },
        }
    }

    fn say(&mut self, member: &Member, text: &str) {
        let text = clean(text);
        if text.trim().is_empty() {
            return;
        }
        let Seat { rooms, pen, now, hub, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        let room = local.room.clone();
        self.said += local.say(pen, *now, |writer, out| {
            writer.message(out, now.time, &room.name, &member.name, &text);
        });
        count(&hub.counters.messages, 1);
    }

    /// A notice for everybody in a room.
    fn notify(&mut self, place: usize, words: &str) {
        let Seat { rooms, pen, now, .. } = self;
        let Some(local) = rooms.get_mut(place).and_then(Option::as_mut) else { return };
        let room = local.room.clone();
        self.said +=
            local.say(pen, *now, |writer, out| writer.notice(out, now.time, &room.name, words));
    }

    fn rename(&mut self, member: &mut Member, name: &str, out: &mut impl Outbox) {
        let Seat { rooms, pen: Pen { wire: writer, .. }, now, hub, .. } = self;
        let Some(local) = rooms.get_mut(member.room).and_then(Option::as_mut) else { return };
        local.publish_all(hub, writer, *now);
        let room = local.room.name.clone();
        let presence = hub.config.presence;
        let renamed = hub.rename(member.id, name, |old, new| {
            (presence && old != new).then(|| {
                let words = format!("{old} is now {new}");
                local.publish_alone(|out| writer.notice(out, now.time, &room, &words))
            })
        });
        match renamed {
            Ok((name, told)) => {
                member.name = name;
                // The answer says it already.
                member.skip = told.map_or(member.skip, |end| end.segment - 1);
                self.answer(member, &format!("you are {}", member.name.clone()), out);
            }
            Err(e) => {
                count(&hub.counters.refused_names, 1);
                let usage = if name.is_empty() { ": /nick NAME" } else { "" };
                self.answer(member, &format!("{e}{usage}"), out);
            }
        }
    }

    fn go(&mut self, member: &mut Member, name: &str, out: &mut impl Outbox) {
        let hub = self.hub.clone();
        let room = match hub.go(member.id, name, self.now) {
            Ok(room) => room,
            Err(e) => {
                count(&hub.counters.refused_rooms, 1);
                let usage = if name.is_empty() { ": /join ROOM" } else { "" };
                return self.answer(member, &format!("{e}{usage}"), out);
            }
        };
        // All that was said in the old room until here, however much: the cursor leaves it.
        self.publish(member.room);
        self.give(member, usize::MAX, usize::MAX, out);
        self.depart(member, Move::Went);
        let (here, _) = hub.who(&room, 0);
        member.room = self.place(room.clone());
        member.skip = NEVER;
        self.render(&room.name, &format!("you are in {}; {here} here", room.name));
        self.told += self.notice.len();
        out.send(&self.notice);
        self.told += self.settle(member, out);
    }

    fn whisper(&mut self, member: &mut Member, name: &str, text: &str, out: &mut impl Outbox) {
        let text = clean(text);
        if name.is_empty() || text.trim().is_empty() {
            return self.answer(member, "whom do you tell what? /msg NAME TEXT", out);
        }
        let room = self.room_name(member.room);
        // Who gets it has what was said before, or can have it.
        self.publish(member.room);
        let mut rendered = Vec::new();
        let Seat { pen: Pen { wire: writer, .. }, now, hub, .. } = self;
        let sent = hub.send(name, |to| {
            writer.private(&mut rendered, now.time, &room, [&member.name, to], &text);
            What::Private(Bytes::copy_from_slice(&rendered))
        });
        match sent {
            Ok(to) => {
                count(&hub.counters.private, 1);
                if to != member.id {
                    self.bring(member, out);
                    self.told += rendered.len();
                    out.send(&rendered);
                }
            }
            Err(why) => {
                count(&hub.counters.refused_private, 1);
                let words = match why {
                    Undelivered::Nobody => format!("nobody is called {}", clean(name)),
                    Undelivered::Busy => {
                        format!("{} does not read; your message is lost", clean(name))
                    }
                };
                self.answer(member, &words, out);
            }
        }
    }

    fn who(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let Some(room) = self.local(member.room).map(|local| local.room.clone()) else { return };
        let (here, who) = self.hub.who(&room, LISTED);
        let now = self.now.time;
        let who = who.iter().map(|(name, at)| format!("{name} since {}", since::shown(*at, now)));
        self.answer(member, &format!("{here} here: {}", list(who, here)), out);
    }

    fn list_rooms(&mut self, member: &mut Member, out: &mut impl Outbox) {
        let rooms = self.hub.rooms();
        let count = rooms.len();
        let what = if count == 1 { "room" } else { "rooms" };
        let shown = rooms.iter().take(LISTED).map(|(room, here)| format!("{} {here}", room.name));
        self.answer(member, &format!("{count} {what}: {}", list(shown, count)), out);
    }

    /// A notice for one client, behind what was said before.
    pub(crate) fn answer(&mut self, member: &mut Member, words: &str, out: &mut impl Outbox) {
        self.publish(member.room);
        self.bring(member, out);
        self.render_for(member, words);
        self.told += self.notice.len();
        out.send(&self.notice);
    }
}

/// As many of `shown` as a notice has room for, of `count` that there are.
fn list(shown: impl Iterator<Item = String>, count: usize) -> String {
    let mut words = String::new();
    let mut listed = 0;
    for item in shown {
        if words.len() + item.len() > LIST {
            break;
        }
        if listed > 0 {
            words += ", ";
        }
        words += &item;
        listed += 1;
    }
    if count > listed {
        words += &format!(" and {} more", count - listed);
    }
    words
}
