//! What configurations at random are made of.

/// A xorshift generator: the configurations must be the same everywhere.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Values that YAML 1.1 and Python read in their own way, and values of another type than a key takes.
pub(crate) const ODD: &[&str] = &[
    "yes",
    "Off",
    "017",
    "0x1F",
    "0b11",
    "1:30",
    "1_000",
    "1e3",
    "1.50",
    "3.0",
    "0.00001",
    "1.0E-7",
    "1.5e+300",
    "18446744073709551616",
    "-9223372036854775809",
    "-.inf",
    ".NaN",
    "2024-01-02",
    "2024-01-02T03:04:05Z",
    "2024-01-02 03:04:05.25 +01:00",
    "2024-13-45",
    "~",
    "",
    "''",
    "'null'",
    "'3'",
    "' 4 '",
    "'1_0'",
    "true",
    "0",
    "1",
    "-1",
    "2.5",
    "text",
    "\"a\\tb\"",
    "!!str 1",
    "!!int '3'",
    "!!float 3",
    "!!binary aGk=",
    "!!timestamp 2024-01-02",
    "[]",
    "{}",
    "[a]",
    "[1, 2]",
    "{a: b}",
    "ü",
    "a: b",
    "\"\\u0085\"",
];
pub(crate) const TEXTS: &[&str] =
    &["cpu.1", "gpu.l4", "'quoted'", "a-b", "x y", "1", "0.1", "on", "http://h/p#f", "\"${x}\"", "v1.2.3"];
pub(crate) const NUMBERS: &[&str] = &["0", "1", "2", "3", "5", "10", "'2'", "3.0", "0x2", "true"];
pub(crate) const SERVICES: &[&str] = &["Single", "Other", "Missing", "2", "yes", "2024-01-02", ".inf", "'a b'"];
pub(crate) const KEYS: &[&str] = &["a", "b", "timeout", "yes", "2", "1.5", "~", "2024-01-02T03:04:05Z", "'x y'"];
