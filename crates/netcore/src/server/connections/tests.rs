use super::*;
use crate::server::transport::Socket;

#[test]
fn a_slot_is_at_most_40_bytes_larger_than_the_socket_and_the_services_value() {
    let content = size_of::<Socket>() + size_of::<Vec<u8>>();
    let slot = size_of::<Slot<Vec<u8>, Socket>>();
    assert!(slot <= content + 40, "{slot} bytes for {content}");
}
