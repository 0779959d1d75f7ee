//! Whole numbers of YAML 1.1, of any size, as decimal digits.

/// The longest whole number that Python turns into text.
const DIGITS: usize = 4300;

/// `[-+]?0b…`, `0…` (octal), decimal, `0x…`, sexagesimal; underscores anywhere after the first digit. `None` is no such
/// number.
///
/// # Errors
/// It has more than 4,300 digits, which Python refuses.
pub(super) fn integer(text: &str) -> Result<Option<String>, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let parts: Option<(u32, Vec<u32>)> = if let Some(bits) = plain.strip_prefix("0b") {
        each(bits, 2)
    } else if let Some(hex) = plain.strip_prefix("0x") {
        each(hex, 16)
    } else if plain.contains(':') {
        return sexagesimal(&plain).map_or(Ok(None), |parts| signed(negative, &parts, 60).map(Some));
    } else if plain.len() > 1 && plain.starts_with('0') {
        each(&plain, 8)
    } else {
        each(&plain, 10)
    };
    match parts {
        None => Ok(None),
        Some((radix, digits)) => signed(negative, &digits, radix).map(Some),
    }
}

fn each(digits: &str, radix: u32) -> Option<(u32, Vec<u32>)> {
    let digits: Option<Vec<_>> = digits.chars().map(|c| c.to_digit(radix)).collect();
    digits.filter(|digits| !digits.is_empty()).map(|digits| (radix, digits))
}

/// `[1-9][0-9]*(:[0-5]?[0-9])+`: the leading number's digits cannot be more than the parser takes for one place.
fn sexagesimal(text: &str) -> Option<Vec<u32>> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|first| !first.starts_with('0'))?.parse().ok()?;
    std::iter::once(Some(first)).chain(parts.map(|part| base_60(part).map(u32::from))).collect()
}

/// `[0-5]?[0-9]`.
pub(super) fn base_60(part: &str) -> Option<u8> {
    let digits = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
    part.parse().ok().filter(|&digit| digits && digit < 60)
}

fn signed(negative: bool, digits: &[u32], radix: u32) -> Result<String, String> {
    const BASE: u64 = 1_000_000_000;
    // Least significant first.
    let mut number: Vec<u32> = Vec::new();
    for &digit in digits {
        let mut carry = u64::from(digit);
        for place in &mut number {
            let sum = u64::from(*place).saturating_mul(u64::from(radix)).saturating_add(carry);
            *place = u32::try_from(sum % BASE).unwrap_or(0);
            carry = sum / BASE;
        }
        while carry > 0 {
            number.push(u32::try_from(carry % BASE).unwrap_or(0));
            carry /= BASE;
        }
        if number.len() > DIGITS / 9 + 1 {
            return Err(format!("a number with more than {DIGITS} digits; quote it if it is meant as text"));
        }
    }
    let mut text = String::new();
    for place in number.iter().rev() {
        text.push_str(&if text.is_empty() { place.to_string() } else { format!("{place:09}") });
    }
    if text.is_empty() {
        return Ok("0".into());
    }
    if text.len() > DIGITS {
        return Err(format!("a number with more than {DIGITS} digits; quote it if it is meant as text"));
    }
    Ok(if negative { format!("-{text}") } else { text })
}
