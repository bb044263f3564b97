//! The part of the record's file that holds what others made and was set aside.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::{HandMade, HandMadeKind};

#[derive(Serialize, Deserialize)]
pub(super) struct Aside {
    vip: IpAddr,
    text: String,
    message: Vec<u8>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    Mark {
        family: u8,
        table: String,
        chain: String,
        notes: Vec<u8>,
    },
    Rule,
    Route,
}

impl Aside {
    pub(super) fn of((vip, thing): &(IpAddr, HandMade)) -> Self {
        Self {
            vip: *vip,
            text: thing.text.clone(),
            message: thing.message.clone(),
            kind: match &thing.kind {
                HandMadeKind::Mark {
                    family,
                    table,
                    chain,
                    notes,
                } => Kind::Mark {
                    family: *family,
                    table: table.clone(),
                    chain: chain.clone(),
                    notes: notes.clone(),
                },
                HandMadeKind::Rule => Kind::Rule,
                HandMadeKind::Route => Kind::Route,
            },
        }
    }

    pub(super) fn into_model(self) -> (IpAddr, HandMade) {
        let thing = HandMade {
            text: self.text,
            message: self.message,
            kind: match self.kind {
                Kind::Mark {
                    family,
                    table,
                    chain,
                    notes,
                } => HandMadeKind::Mark {
                    family,
                    table,
                    chain,
                    notes,
                },
                Kind::Rule => HandMadeKind::Rule,
                Kind::Route => HandMadeKind::Route,
            },
        };
        (self.vip, thing)
    }
}
