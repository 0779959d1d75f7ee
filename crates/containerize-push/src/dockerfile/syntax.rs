//! A Dockerfile's text, taken apart.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Range;

/// The instructions with their continued lines, here-documents and line ends; comments and empty lines are pieces of their
/// own. Every line is looked at once, however the text is made.
pub(super) fn instructions(text: &str) -> impl Iterator<Item = &str> {
    let lines = LazyCell::new(move || ends_of_lines(text));
    let mut start = 0_usize;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let mut end = start;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            end = end.saturating_add(line.len());
            let comment = line.trim_start().starts_with('#');
            let goes_on = if comment { number > 0 } else { line.trim_end().ends_with('\\') };
            if !goes_on {
                break;
            }
        }
        let instruction = text.get(start..end)?;
        if instruction.contains("<<") && matches!(keyword(instruction).as_str(), "RUN" | "COPY" | "ADD") {
            end = end_of_documents(instruction, end, &lines);
        }
        let instruction = text.get(start..end);
        start = end;
        instruction
    })
}

/// Where the lines end that hold the same, as a here-document sees them.
fn ends_of_lines(text: &str) -> HashMap<&str, Vec<usize>> {
    let (mut ends, mut at) = (HashMap::<_, Vec<_>>::new(), 0_usize);
    for line in text.split_inclusive('\n') {
        at = at.saturating_add(line.len());
        ends.entry(line.trim_end_matches(['\r', '\n']).trim_start_matches('\t')).or_default().push(at);
    }
    ends
}

/// Where the here-documents of an instruction end, which itself ends at `end`.
fn end_of_documents(instruction: &str, mut end: usize, lines: &HashMap<&str, Vec<usize>>) -> usize {
    for word in instruction.split_whitespace().filter_map(|word| word.split_once("<<").map(|(_, word)| word)) {
        let name = word.trim_start_matches('-').trim_matches(['"', '\'']);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let places = lines.get(name).filter(|_| is_name).map(Vec::as_slice).unwrap_or_default();
        // Without its end it is none, as with `<<` in an expression.
        end = places.get(places.partition_point(|&place| place <= end)).copied().unwrap_or(end);
    }
    end
}

/// What an instruction does, in capital letters.
pub(super) fn keyword(instruction: &str) -> String {
    instruction.split_whitespace().next().unwrap_or_default().to_uppercase()
}

/// The words behind what it does, up to the first line break that is not continued, without comments.
pub(super) fn arguments(instruction: &str) -> String {
    let mut text = String::new();
    for line in instruction.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let continued = line.trim_end().strip_suffix('\\');
        text.push_str(continued.unwrap_or(line));
        text.push(' ');
        if continued.is_none() {
            break;
        }
    }
    text.trim().split_once(char::is_whitespace).map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default()
}

/// What a `RUN` runs, here-documents included, without its options.
pub(super) fn command(instruction: &str) -> String {
    let mut rest = instruction.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    while rest.starts_with("--") {
        rest =
            rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start().trim_start_matches("\\\n"));
        rest = rest.trim_start();
    }
    rest.to_owned()
}

/// The stages, as ranges of instructions; what stands before the first `FROM` belongs to none.
pub(super) fn stages(pieces: &[&str]) -> Vec<Range<usize>> {
    let starts = pieces.iter().enumerate().filter(|(_, piece)| keyword(piece) == "FROM").map(|(at, _)| at);
    let starts: Vec<_> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([pieces.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// The name that a `FROM` gives its stage.
pub(super) fn stage_name(from: &str) -> Option<String> {
    let words = arguments(from);
    let mut words = words.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("AS"))?;
    words.next().map(str::to_owned)
}

/// The stage of this name or number, else the last one.
pub(super) fn stage_of(pieces: &[&str], stages: &[Range<usize>], target: Option<&str>) -> Option<usize> {
    let named = target.and_then(|target| find_stage(pieces, stages, target));
    named.or_else(|| stages.len().checked_sub(1))
}

/// The stage that each begins from, where it is one of those before it.
pub(super) fn parents(pieces: &[&str], stages: &[Range<usize>]) -> Vec<Option<usize>> {
    let mut named: HashMap<String, usize> = HashMap::new();
    let mut parents = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        let from = pieces.get(stage.start).copied().unwrap_or_default();
        let words = arguments(from);
        let base = words.split_whitespace().find(|word| !word.starts_with("--")).unwrap_or_default();
        let parent = named.get(&base.to_ascii_lowercase()).copied();
        parents.push(parent.or_else(|| base.parse().ok().filter(|before| *before < number)));
        if let Some(name) = stage_name(from) {
            named.insert(name.to_ascii_lowercase(), number);
        }
    }
    parents
}

/// The instructions whose outcome a stage is: those of the stages that it begins from, and its own.
pub(super) fn lineage(stages: &[Range<usize>], parents: &[Option<usize>], stage: usize) -> Vec<usize> {
    // A parent stands before its child, so this ends.
    let mut line: Vec<_> = std::iter::successors(Some(stage), |&stage| parents.get(stage).copied().flatten()).collect();
    line.reverse();
    line.into_iter().filter_map(|stage| stages.get(stage).cloned()).flatten().collect()
}

fn find_stage(pieces: &[&str], stages: &[Range<usize>], wanted: &str) -> Option<usize> {
    let named = |stage: &Range<usize>| {
        let name = pieces.get(stage.start).and_then(|from| stage_name(from));
        name.is_some_and(|name| name.eq_ignore_ascii_case(wanted))
    };
    let number = || wanted.parse().ok().filter(|number| *number < stages.len());
    stages.iter().rposition(named).or_else(number)
}

/// A `COPY` or `ADD` from the main context.
pub(super) struct Copy {
    pub(super) keyword: String,
    pub(super) flags: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) target: String,
}

impl Copy {
    /// None where it is another instruction, or copies from elsewhere.
    pub(super) fn parse(instruction: &str) -> Option<Self> {
        let keyword = keyword(instruction);
        if !matches!(keyword.as_str(), "COPY" | "ADD") {
            return None;
        }
        let arguments = arguments(instruction);
        let (mut rest, mut flags) = (arguments.as_str(), Vec::new());
        while rest.starts_with("--") {
            let (flag, after) = rest.split_once(char::is_whitespace)?;
            flags.push(flag.to_owned());
            rest = after.trim_start();
        }
        let mut paths: Vec<String> = match rest.starts_with('[') {
            true => serde_json::from_str(rest).ok()?,
            false => rest.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect(),
        };
        let target = paths.pop()?;
        let elsewhere = flags.iter().any(|flag| flag.starts_with("--from="));
        let written = paths.iter().any(|path| path.starts_with("<<"));
        (!elsewhere && !written && !paths.is_empty()).then_some(Self { keyword, flags, sources: paths, target })
    }

    /// Does it copy the whole context?
    pub(super) fn is_whole(&self) -> bool {
        matches!(&self.sources[..], [source] if source.split('/').all(|part| matches!(part, "" | ".")))
    }

    /// The same for other files, from the main context or the one of this name.
    pub(super) fn of(&self, sources: &[&str], target: &str, from: Option<&str>) -> String {
        let flags = self.flags.iter().map(|flag| format!(" {flag}"));
        let from = from.map(|name| format!(" --from={name}"));
        let flags: String = from.into_iter().chain(flags).collect();
        let paths: Vec<_> = sources.iter().copied().chain([target]).collect();
        // ADD takes nothing from another context.
        let keyword = if flags.starts_with(" --from=") { "COPY" } else { &self.keyword };
        format!("{keyword}{flags} {}\n", serde_json::json!(paths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn here_documents_belong_to_their_instruction() {
        let text =
            "FROM x\nRUN <<-A cat && <<'B' cat\nCOPY . ./\n\tA\nRUN no\nB\nCOPY . ./\nRUN echo $((1<<N))\nUSER a\n";
        let pieces: Vec<_> = instructions(text).collect();
        let document = "RUN <<-A cat && <<'B' cat\nCOPY . ./\n\tA\nRUN no\nB\n";
        assert_eq!(pieces, ["FROM x\n", document, "COPY . ./\n", "RUN echo $((1<<N))\n", "USER a\n"]);
    }

    #[test]
    fn copies_of_the_whole_context_are_told_from_others() {
        for (instruction, expected) in [
            ("COPY . ./\n", Some(true)),
            ("copy --chown=a:a ./ $BENTO_PATH\n", Some(true)),
            ("COPY [\".\", \"/x\"]\n", Some(true)),
            ("COPY \\\n  # all of it\n  / \\\n  /x/\n", Some(true)),
            ("ADD . .\n", Some(true)),
            ("COPY ./env ./env/\n", Some(false)),
            ("COPY --from=base . ./\n", None),
            ("COPY <<END /x\nCOPY . ./\nEND\n", None),
            ("RUN cp . ./\n", None),
        ] {
            assert_eq!(Copy::parse(instruction).map(|copy| copy.is_whole()), expected, "{instruction}");
        }
    }

    /// Each of these took longer than a job has, or the stack of the thread, when a line was looked at again for each other.
    #[test]
    fn long_texts_are_taken_apart_in_one_pass() {
        let start = std::time::Instant::now();
        let comments = format!("RUN a \\\n{}b\n", "# x\n".repeat(250_000));
        assert_eq!(instructions(&comments).count(), 1);
        let words: String = (0..80_000).map(|number| format!(" <<A{number}")).collect();
        let documents = format!("RUN{words}\n{}", "a\n".repeat(200_000));
        assert_eq!(instructions(&documents).count(), 200_001);
        let stages_of = |text: &str| {
            let pieces: Vec<_> = instructions(text).collect();
            let stages = stages(&pieces);
            let parents = parents(&pieces, &stages);
            (lineage(&stages, &parents, stages.len().saturating_sub(1)).len(), parents.last().copied().flatten())
        };
        let chain: String = (0..30_000).map(|number| format!("FROM s{number} AS s{}\n", number + 1)).collect();
        assert_eq!(stages_of(&chain), (30_000, Some(29_998)));
        // A name that a stage after it has is another image's, and the last of several stages with one name is meant.
        assert_eq!(stages_of("FROM b\nFROM x AS B\nFROM x AS b\nFROM b\n"), (2, Some(2)));
        assert_eq!(stages_of("FROM b\n"), (1, None));
        assert_eq!(stages_of("FROM 0\n"), (1, None));
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    #[test]
    fn stages_begin_with_from() {
        let pieces: Vec<_> = instructions("ARG A\nFROM --platform=$P a as one\nRUN x\nFROM b\n").collect();
        assert_eq!(stages(&pieces), [1..3, 3..4]);
        let names: Vec<_> = pieces.iter().map(|piece| stage_name(piece)).collect();
        assert_eq!(names, [None, Some("one".to_owned()), None, None]);
    }
}
