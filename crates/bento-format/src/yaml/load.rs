//! From the parser's events to the tree.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::YamlError;
use super::node::{Content, Node};
use super::scalar::{core_tag, expect_tag, scalar};

/// What a document with all its aliases may weigh, in bytes: its texts, and so much for each node.
const WEIGHT_LIMIT: usize = 64 << 20;
const NODE_WEIGHT: usize = 64;
/// How deep lists and mappings may stand in each other, aliases included.
const DEPTH_LIMIT: usize = 128;

pub(super) struct Loader<'text> {
    parser: Parser<'text, StrInput<'text>>,
    /// How many characters the text has, where it does not end with a line end.
    open_end: Option<usize>,
    anchors: HashMap<usize, Weighed>,
}

/// A node with what it weighs when every alias in it is written out, and how deep it goes.
#[derive(Clone)]
struct Weighed {
    node: Arc<Node>,
    weight: usize,
    depth: usize,
}

/// Lists and mappings while they are read.
struct Sum {
    weight: usize,
    depth: usize,
}

impl Sum {
    fn add(&mut self, part: &Weighed, mark: Marker) -> Result<(), YamlError> {
        self.weight = self.weight.saturating_add(part.weight);
        self.depth = self.depth.max(part.depth.saturating_add(1));
        if self.weight > WEIGHT_LIMIT {
            let limit = WEIGHT_LIMIT >> 20;
            return Err(YamlError::at(
                mark,
                format!("the document is too large: more than {limit} MiB with all aliases"),
            ));
        }
        if self.depth > DEPTH_LIMIT { Err(too_deep(mark)) } else { Ok(()) }
    }
}

fn too_deep(mark: Marker) -> YamlError {
    YamlError::at(mark, format!("lists and mappings stand in each other deeper than {DEPTH_LIMIT} levels"))
}

impl<'text> Loader<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            open_end: (!text.ends_with(['\n', '\r'])).then(|| text.chars().count()),
            anchors: HashMap::new(),
        }
    }

    pub(super) fn document(mut self) -> Result<Option<Arc<Node>>, YamlError> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if document.is_some() => {
                    return Err(YamlError::at(span.start, "there is more than one document"));
                }
                Event::DocumentStart(_) => {}
                Event::StreamEnd => return Ok(document),
                event => document = Some(self.node(event, span, 0)?.node),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'text>, Span), YamlError> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Span::empty(Marker::default()))),
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(YamlError::at(*error.marker(), error.info())),
        }
    }

    /// `above` is how many lists and mappings this one stands in.
    fn node(&mut self, event: Event<'text>, span: Span, above: usize) -> Result<Weighed, YamlError> {
        if above > DEPTH_LIMIT {
            return Err(too_deep(span.start));
        }
        let wrong = |message| YamlError::at(span.start, message);
        let mut sum = Sum { weight: NODE_WEIGHT, depth: 0 };
        let (content, anchor) = match event {
            Event::Scalar(mut text, style, anchor, tag) => {
                // A block that ends with the text ends without a line end, where the text has none.
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && self.open_end.is_some_and(|end| span.end.index() >= end) && text.ends_with('\n') {
                    text.to_mut().pop();
                }
                sum.weight = sum.weight.saturating_add(text.len());
                (scalar(&text, style, tag.as_deref()).map_err(wrong)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "seq").map_err(wrong)?;
                (self.sequence(above, &mut sum)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "map").map_err(wrong)?;
                (self.mapping(above, &mut sum)?, anchor)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| wrong("an alias names an anchor that is not complete".into()));
            }
            other => return Err(wrong(format!("unexpected {other:?}"))),
        };
        let mark = YamlError::at(span.start, "");
        let node = Arc::new(Node { content, line: mark.line, column: mark.column });
        let read = Weighed { node, weight: sum.weight, depth: sum.depth };
        if anchor != 0 {
            self.anchors.insert(anchor, read.clone());
        }
        Ok(read)
    }

    fn sequence(&mut self, above: usize, sum: &mut Sum) -> Result<Content, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Content::List(items));
            }
            let item = self.node(event, span, above.saturating_add(1))?;
            sum.add(&item, span.start)?;
            items.push(item.node);
        }
    }

    fn mapping(&mut self, above: usize, sum: &mut Sum) -> Result<Content, YamlError> {
        let mut own = Entries::default();
        let mut merged = Entries::default();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                for (key, value) in merged.list {
                    own.insert_where_new(key, value);
                }
                return Ok(Content::Map(own.list));
            }
            let merges = is_merge(&event);
            // As a key this one has no meaning of its own.
            let is_value = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "=");
            let key = if merges || is_value {
                let content = Content::Text(if merges { "<<" } else { "=" }.into());
                let mark = YamlError::at(span.start, "");
                Arc::new(Node { content, line: mark.line, column: mark.column })
            } else {
                let key = self.node(event, span, above.saturating_add(1))?;
                sum.add(&key, span.start)?;
                key.node
            };
            if matches!(key.content, Content::List(_) | Content::Map(_)) {
                return Err(YamlError::at(span.start, "a key must be a text, a number or a boolean"));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, above.saturating_add(1))?;
            sum.add(&value, span.start)?;
            if merges {
                let mut more = Entries::default();
                merge(&mut more, &value.node).map_err(|message| YamlError::at(span.start, message))?;
                more.list.into_iter().for_each(|(key, value)| merged.insert(key, value));
            } else {
                own.insert(key, value.node);
            }
        }
    }
}

fn is_merge(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, _, None) => text == "<<",
        Event::Scalar(_, _, _, Some(tag)) => matches!(core_tag(tag), Ok(Some("merge"))),
        _ => false,
    }
}

/// The entries of a mapping in their order, each key once.
#[derive(Default)]
struct Entries {
    list: Vec<(Arc<Node>, Arc<Node>)>,
    places: HashMap<String, usize>,
}

impl Entries {
    /// A later value takes the place of an earlier one; the key whose line is kept is the later one.
    fn insert(&mut self, key: Arc<Node>, value: Arc<Node>) {
        match self.place(&key) {
            Some(place) => {
                if let Some(entry) = self.list.get_mut(place) {
                    *entry = (key, value);
                }
            }
            None => self.list.push((key, value)),
        }
    }

    fn insert_where_new(&mut self, key: Arc<Node>, value: Arc<Node>) {
        if self.place(&key).is_none() {
            self.list.push((key, value));
        }
    }

    /// Where this key stands; where it is new, its place is the next one.
    fn place(&mut self, key: &Node) -> Option<usize> {
        let next = self.list.len();
        match self.places.entry(format!("{:?}", key.content)) {
            std::collections::hash_map::Entry::Occupied(known) => Some(*known.get()),
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(next);
                None
            }
        }
    }
}

/// In a list of mappings to merge the earlier one wins, as YAML says; of several `<<` in one mapping the later one, as in
/// PyYAML up to 6.0.3. In 6.0.4 it depends on the length of the keys, in lists too.
fn merge(into: &mut Entries, node: &Node) -> Result<(), &'static str> {
    const WRONG: &str = "`<<` takes a mapping or a list of mappings";
    let mut add = |node: &Node| match &node.content {
        Content::Map(entries) => {
            entries.iter().for_each(|(key, value)| into.insert_where_new(Arc::clone(key), Arc::clone(value)));
            Ok(())
        }
        _ => Err(WRONG),
    };
    match &node.content {
        Content::List(items) => items.iter().try_for_each(|item| add(item)),
        _ => add(node),
    }
}
