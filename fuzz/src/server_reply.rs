//! What answers where the server should be: any bytes as the reply to each of our calls.
//!
//! The first byte chooses the call, the rest is sent as it is, and the connection closed.

use std::cell::RefCell;
use std::fmt::Display;
use std::time::Duration;

use eureka_peers::eureka::{EurekaServer, Expected, Reading, ServerAccess};
use eureka_peers::model::Zone;
use eureka_peers::reconcile::RefreshCall;
use eureka_peers::wording::{list_origin, server_fault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::policies::chosen_by;
use super::shown::assert_line;
use super::status_document::check_status;

/// Given to a call that takes a timeout; the reply is there at once.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// No call takes longer: `inspect` makes six requests of two seconds at most.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes read of a request before it is answered: all of it, as ours are small.
const REQUEST_MAX: usize = 8 * 1024;

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

/// Answers our calls with the input, and insists that each ends as a verdict of one line.
pub fn check(input: &[u8]) {
    let Some((choice, reply)) = input.split_first() else { return };
    RUNTIME.with_borrow_mut(|runtime| {
        let runtime = runtime
            .get_or_insert_with(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("bound");
            let url = |path: &str| Some(format!("http://{address}{path}").parse().expect("a URL"));
            let access = ServerAccess {
                actuator_url: url("/actuator"),
                status_url: url("/eureka/status"),
                status_url_is_default: false,
                credentials: None,
                ca_file: None,
                user_info_file: None,
            };
            let server = EurekaServer::new(&access, Zone::default(), Reading::default());
            tokio::select! {
                called = timeout(PATIENCE, call(&server, *choice)) => called.expect("every call ends"),
                () = answer(&listener, reply) => {}
            }
        });
    });
}

async fn call(server: &EurekaServer, choice: u8) {
    match choice % 5 {
        0 => judge(server.refresh(CALL_TIMEOUT).await.err().as_ref().map(server_fault)),
        1 => judge(server.env("http://a:1/eureka/", CALL_TIMEOUT).await.err().as_ref().map(server_fault)),
        2 => match server.status().await {
            Ok(status) => check_status(&status),
            Err(fault) => judge(Some(server_fault(&fault))),
        },
        3 => judge(Some(list_origin(&server.origin().await))),
        _ => {
            let policy = chosen_by(0);
            let expected = Expected {
                own: policy.own().map(|own| &own.url),
                sink: &policy.sink,
                call: Some(RefreshCall::Refresh),
                files: &["peers.properties"],
            };
            server.inspect(&expected).await.iter().for_each(|finding| judge(Some(finding)));
        }
    }
}

fn judge(shown: Option<impl Display>) {
    if let Some(shown) = shown {
        assert_line(&shown.to_string());
    }
}

async fn answer(listener: &TcpListener, reply: &[u8]) {
    loop {
        let (stream, _) = listener.accept().await.expect("a bound socket accepts");
        // The caller may have gone.
        let _gone = answer_one(stream, reply).await;
    }
}

async fn answer_one(mut stream: TcpStream, reply: &[u8]) -> std::io::Result<()> {
    let mut request = vec![0; REQUEST_MAX];
    let mut length = 0;
    while !request[..length].windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut request[length..]).await?;
        if read == 0 {
            break;
        }
        length += read;
    }
    stream.write_all(reply).await?;
    stream.shutdown().await?;
    // Closing before all was read would reset the connection, and the reply be lost.
    let _rest = timeout(Duration::from_millis(100), stream.read(&mut request)).await;
    Ok(())
}
