// Names of characters that have none of their own, and short names: the aliases of kinds control,
// figment, alternate and abbreviation in NameAliases.txt of Unicode 14, but for the variation
// selectors. ICU has the corrections only.
#include "plugins/label/python_pattern_names.hpp"

#include <algorithm>
#include <array>

namespace millrace::label::python {
namespace {

struct Alias {
  std::string_view name;
  std::uint32_t code;
};

// By name.
constexpr std::array kAliases = std::to_array<Alias>({
    {"ACK", 0x06},
    {"ACKNOWLEDGE", 0x06},
    {"ALERT", 0x07},
    {"ALM", 0x61C},
    {"APC", 0x9F},
    {"APPLICATION PROGRAM COMMAND", 0x9F},
    {"BACKSPACE", 0x08},
    {"BEL", 0x07},
    {"BOM", 0xFEFF},
    {"BPH", 0x82},
    {"BREAK PERMITTED HERE", 0x82},
    {"BS", 0x08},
    {"BYTE ORDER MARK", 0xFEFF},
    {"CAN", 0x18},
    {"CANCEL", 0x18},
    {"CANCEL CHARACTER", 0x94},
    {"CARRIAGE RETURN", 0x0D},
    {"CCH", 0x94},
    {"CGJ", 0x34F},
    {"CHARACTER TABULATION", 0x09},
    {"CHARACTER TABULATION SET", 0x88},
    {"CHARACTER TABULATION WITH JUSTIFICATION", 0x89},
    {"CONTROL SEQUENCE INTRODUCER", 0x9B},
    {"CR", 0x0D},
    {"CSI", 0x9B},
    {"DATA LINK ESCAPE", 0x10},
    {"DC1", 0x11},
    {"DC2", 0x12},
    {"DC3", 0x13},
    {"DC4", 0x14},
    {"DCS", 0x90},
    {"DEL", 0x7F},
    {"DELETE", 0x7F},
    {"DEVICE CONTROL FOUR", 0x14},
    {"DEVICE CONTROL ONE", 0x11},
    {"DEVICE CONTROL STRING", 0x90},
    {"DEVICE CONTROL THREE", 0x13},
    {"DEVICE CONTROL TWO", 0x12},
    {"DLE", 0x10},
    {"END OF GUARDED AREA", 0x97},
    {"END OF LINE", 0x0A},
    {"END OF MEDIUM", 0x19},
    {"END OF PROTECTED AREA", 0x97},
    {"END OF SELECTED AREA", 0x87},
    {"END OF TEXT", 0x03},
    {"END OF TRANSMISSION", 0x04},
    {"END OF TRANSMISSION BLOCK", 0x17},
    {"ENQ", 0x05},
    {"ENQUIRY", 0x05},
    {"EOL", 0x0A},
    {"EOM", 0x19},
    {"EOT", 0x04},
    {"EPA", 0x97},
    {"ESA", 0x87},
    {"ESC", 0x1B},
    {"ESCAPE", 0x1B},
    {"ETB", 0x17},
    {"ETX", 0x03},
    {"FF", 0x0C},
    {"FILE SEPARATOR", 0x1C},
    {"FORM FEED", 0x0C},
    {"FS", 0x1C},
    {"FSI", 0x2068},
    {"FVS1", 0x180B},
    {"FVS2", 0x180C},
    {"FVS3", 0x180D},
    {"FVS4", 0x180F},
    {"GROUP SEPARATOR", 0x1D},
    {"GS", 0x1D},
    {"HIGH OCTET PRESET", 0x81},
    {"HOP", 0x81},
    {"HORIZONTAL TABULATION", 0x09},
    {"HORIZONTAL TABULATION SET", 0x88},
    {"HORIZONTAL TABULATION WITH JUSTIFICATION", 0x89},
    {"HT", 0x09},
    {"HTJ", 0x89},
    {"HTS", 0x88},
    {"IND", 0x84},
    {"INDEX", 0x84},
    {"INFORMATION SEPARATOR FOUR", 0x1C},
    {"INFORMATION SEPARATOR ONE", 0x1F},
    {"INFORMATION SEPARATOR THREE", 0x1D},
    {"INFORMATION SEPARATOR TWO", 0x1E},
    {"LF", 0x0A},
    {"LINE FEED", 0x0A},
    {"LINE TABULATION", 0x0B},
    {"LINE TABULATION SET", 0x8A},
    {"LOCKING-SHIFT ONE", 0x0E},
    {"LOCKING-SHIFT ZERO", 0x0F},
    {"LRE", 0x202A},
    {"LRI", 0x2066},
    {"LRM", 0x200E},
    {"LRO", 0x202D},
    {"MESSAGE WAITING", 0x95},
    {"MMSP", 0x205F},
    {"MVS", 0x180E},
    {"MW", 0x95},
    {"NAK", 0x15},
    {"NBH", 0x83},
    {"NBSP", 0xA0},
    {"NEGATIVE ACKNOWLEDGE", 0x15},
    {"NEL", 0x85},
    {"NEW LINE", 0x0A},
    {"NEXT LINE", 0x85},
    {"NL", 0x0A},
    {"NNBSP", 0x202F},
    {"NO BREAK HERE", 0x83},
    {"NUL", 0x00},
    {"NULL", 0x00},
    {"OPERATING SYSTEM COMMAND", 0x9D},
    {"OSC", 0x9D},
    {"PAD", 0x80},
    {"PADDING CHARACTER", 0x80},
    {"PARTIAL LINE BACKWARD", 0x8C},
    {"PARTIAL LINE DOWN", 0x8B},
    {"PARTIAL LINE FORWARD", 0x8B},
    {"PARTIAL LINE UP", 0x8C},
    {"PDF", 0x202C},
    {"PDI", 0x2069},
    {"PLD", 0x8B},
    {"PLU", 0x8C},
    {"PM", 0x9E},
    {"PRIVACY MESSAGE", 0x9E},
    {"PRIVATE USE ONE", 0x91},
    {"PRIVATE USE TWO", 0x92},
    {"PRIVATE USE-1", 0x91},
    {"PRIVATE USE-2", 0x92},
    {"PU1", 0x91},
    {"PU2", 0x92},
    {"RECORD SEPARATOR", 0x1E},
    {"REVERSE INDEX", 0x8D},
    {"REVERSE LINE FEED", 0x8D},
    {"RI", 0x8D},
    {"RLE", 0x202B},
    {"RLI", 0x2067},
    {"RLM", 0x200F},
    {"RLO", 0x202E},
    {"RS", 0x1E},
    {"SCI", 0x9A},
    {"SET TRANSMIT STATE", 0x93},
    {"SGC", 0x99},
    {"SHIFT IN", 0x0F},
    {"SHIFT OUT", 0x0E},
    {"SHY", 0xAD},
    {"SI", 0x0F},
    {"SINGLE CHARACTER INTRODUCER", 0x9A},
    {"SINGLE GRAPHIC CHARACTER INTRODUCER", 0x99},
    {"SINGLE SHIFT THREE", 0x8F},
    {"SINGLE SHIFT TWO", 0x8E},
    {"SINGLE-SHIFT-2", 0x8E},
    {"SINGLE-SHIFT-3", 0x8F},
    {"SO", 0x0E},
    {"SOH", 0x01},
    {"SOS", 0x98},
    {"SP", 0x20},
    {"SPA", 0x96},
    {"SS2", 0x8E},
    {"SS3", 0x8F},
    {"SSA", 0x86},
    {"ST", 0x9C},
    {"START OF GUARDED AREA", 0x96},
    {"START OF HEADING", 0x01},
    {"START OF PROTECTED AREA", 0x96},
    {"START OF SELECTED AREA", 0x86},
    {"START OF STRING", 0x98},
    {"START OF TEXT", 0x02},
    {"STRING TERMINATOR", 0x9C},
    {"STS", 0x93},
    {"STX", 0x02},
    {"SUB", 0x1A},
    {"SUBSTITUTE", 0x1A},
    {"SYN", 0x16},
    {"SYNCHRONOUS IDLE", 0x16},
    {"TAB", 0x09},
    {"UNIT SEPARATOR", 0x1F},
    {"US", 0x1F},
    {"VERTICAL TABULATION", 0x0B},
    {"VERTICAL TABULATION SET", 0x8A},
    {"VT", 0x0B},
    {"VTS", 0x8A},
    {"WJ", 0x2060},
    {"ZWJ", 0x200D},
    {"ZWNBSP", 0xFEFF},
    {"ZWNJ", 0x200C},
    {"ZWSP", 0x200B},
});

constexpr bool is_ascending() {
  for (std::size_t i = 1; i < kAliases.size(); ++i) {
    if (!(kAliases[i - 1].name < kAliases[i].name)) return false;
  }
  return true;
}
static_assert(is_ascending());

// VS1 to VS16 and VS17 to VS256 are two blocks.
std::optional<std::uint32_t> variation_selector(std::string_view name) {
  if (!name.starts_with("VS") || name.size() < 3 || name.size() > 5 || name[2] == '0') return {};
  std::uint32_t number = 0;
  for (const char digit : name.substr(2)) {
    if (digit < '0' || digit > '9') return {};
    number = number * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  if (number > 256) return {};
  return number <= 16 ? 0xFE00 + number - 1 : 0xE0100 + number - 17;
}

}  // namespace

std::optional<std::uint32_t> character_by_alias(std::string_view name) {
  const auto found = std::lower_bound(
      kAliases.begin(), kAliases.end(), name,
      [](const Alias& alias, std::string_view wanted) { return alias.name < wanted; });
  if (found != kAliases.end() && found->name == name) return found->code;
  return variation_selector(name);
}

}  // namespace millrace::label::python
