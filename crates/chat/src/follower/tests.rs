//! Chats of several nodes over one model of an engine, on virtual time and without threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use netcore::server::Config as Limits;
use netcore::testing::{Harness, Peer};

use super::{Follower, Start, settings};
use crate::Chat;
use crate::backplane::engine::{Engine, Reply, Request, Waker};
use crate::backplane::link::Link;
use crate::backplane::node::Node;
use crate::backplane::settings::{NodeSettings, Offline};
use crate::backplane::tests::model::Model;
use crate::config::Config;
use crate::custom_command::Commands;
use crate::hub::Hub;
use crate::service::ChatService;
use crate::sync::lock;

mod nodes;

/// An engine that answers at once.
#[derive(Debug)]
struct Direct {
    shared: Arc<Mutex<Shared>>,
    replies: VecDeque<Reply>,
    read: Option<Request>,
    is_open: bool,
}

/// The engine, and the state of the network before it.
#[derive(Debug, Default)]
struct Shared {
    model: Model,
    is_cut: bool,
}

impl Engine for Direct {
    fn send(&mut self, request: Request) {
        let mut shared = lock(&self.shared);
        match request {
            Request::Open if shared.is_cut => {
                self.replies.push_back(Reply::Closed("refused".to_owned()));
            }
            Request::Open => {
                (self.is_open, self.read) = (true, None);
                self.replies.push_back(Reply::Opened);
            }
            _ if shared.is_cut || !self.is_open => {}
            Request::Read { .. } => self.read = Some(request),
            request => {
                let reply = shared.model.process(&request);
                self.replies.push_back(reply);
            }
        }
    }

    fn wait(&mut self, _: Option<Instant>) -> Vec<Reply> {
        let mut shared = lock(&self.shared);
        if shared.is_cut && self.is_open {
            (self.is_open, self.read) = (false, None);
            self.replies.clear();
            self.replies.push_back(Reply::Closed("cut".to_owned()));
        }
        if let Some(request) = &self.read {
            let reply = shared.model.process(request);
            if reply != Reply::Entries(Vec::new()) {
                self.read = None;
                self.replies.push_back(reply);
            }
        }
        self.replies.drain(..).collect()
    }

    fn waker(&self) -> Waker {
        Arc::new(|| {})
    }
}

struct TestNode {
    chat: Chat,
    harness: Harness<ChatService>,
    follower: Follower,
    starts: Vec<Start>,
}

/// Several nodes and their engine.
struct Net {
    shared: Arc<Mutex<Shared>>,
    nodes: Vec<TestNode>,
    now: Instant,
}

impl Net {
    fn new(nodes: usize, config: &Config, offline: Offline) -> Net {
        let model = Model { now: 1_800_000_000_000, ..Model::default() };
        let shared = Arc::new(Mutex::new(Shared { model, is_cut: false }));
        let mut net = Net { shared, nodes: Vec::new(), now: Instant::now() };
        (0..nodes).for_each(|index| net.add(&format!("n{index}"), config, offline));
        net
    }

    fn add(&mut self, name: &str, config: &Config, offline: Offline) {
        let shared = self.shared.clone();
        let engine = Direct { shared, replies: VecDeque::new(), read: None, is_open: false };
        let settings_of_node = NodeSettings::new(name).with_offline(offline);
        let node = Arc::new(Node::new(settings_of_node, engine.waker()));
        let hub = Hub::new(config.clone(), Commands::default(), None, Some(node.clone()));
        let hub = Arc::new(hub);
        let link = Link::new(settings(&hub, &node), self.now);
        let follower = Follower::new(hub.clone(), node, link, Box::new(engine), self.now);
        let chat = Chat { hub };
        let harness = Harness::new(Limits::default(), |worker| chat.service(&worker));
        self.nodes.push(TestNode { chat, harness, follower, starts: Vec::new() });
        self.run();
    }

    /// Runs all nodes until nothing is left to do.
    fn run(&mut self) {
        for _ in 0..12 {
            for node in &mut self.nodes {
                node.harness.run();
                node.step(self.now);
            }
        }
    }

    /// Lets time pass in steps of 250 ms.
    fn pass(&mut self, time: Duration) {
        const STEP: Duration = Duration::from_millis(250);
        for _ in 0..time.as_millis() / STEP.as_millis() {
            self.now += STEP;
            lock(&self.shared).model.now += STEP.as_millis() as u64;
            self.nodes.iter_mut().for_each(|node| node.harness.advance(STEP));
            self.run();
        }
    }

    fn connect(&mut self, node: usize) -> Peer {
        let peer = self.nodes[node].harness.connect();
        self.run();
        peer
    }

    fn send(&mut self, peer: &Peer, text: &str) {
        peer.send(text.as_bytes());
        self.run();
    }
}

impl TestNode {
    fn step(&mut self, now: Instant) {
        let starts = &mut self.starts;
        loop {
            self.follower.step(now, SystemTime::now(), &mut |start| starts.push(start));
            if !self.follower.receive(now) {
                break;
            }
        }
    }
}

/// Returns the lines that a peer received, without the times of messages.
fn lines(peer: &Peer) -> Vec<String> {
    let is_notice = |line: &str| line.starts_with("* ");
    let text = peer.text();
    text.lines().map(|it| if is_notice(it) { it } else { &it[20..] }.to_owned()).collect()
}
