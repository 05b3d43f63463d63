#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "tools/millrace/output.hpp"

namespace millrace::tool {

enum class Colour { None, Red, Green, Yellow, Magenta };

/// How the objects of one kind are shown.
struct RegistryKind {
  std::string_view group;               // "models"
  std::vector<std::string_view> shown;  // keys that have a column, in the server's order
  std::vector<Colour> colours;          // by the position of the column
};

const RegistryKind& models_kind();
const RegistryKind& projects_kind();
const RegistryKind& users_kind();
const RegistryKind& workspaces_kind();
const RegistryKind& versions_kind();
const RegistryKind& stages_kind();
const RegistryKind& promotions_kind();

/// One cell: lines of text, in one colour.
struct Cell {
  std::vector<std::string> lines{};
  Colour colour = Colour::None;
};

/// Makes a cell of a text, which may have several lines. Other control characters become blanks.
Cell text_cell(std::string_view text, Colour colour = Colour::None);

/// Draws rows of cells, of which the first are the headings, in a box with a title in its upper
/// border. `is_coloured`: with the codes of a terminal. Texts that do not fit into `width` go on in
/// the next line of their cell.
std::string box_table(std::string_view title, const std::vector<std::vector<Cell>>& rows,
                      bool is_coloured, std::size_t width = output_width());

/// Draws objects: the columns are the keys of the first one that the kind shows.
std::string objects_table(std::string_view title, const RegistryKind& kind, const Json& objects,
                          std::chrono::system_clock::time_point now, bool is_coloured,
                          std::size_t width = output_width());

/// Returns what a model's lineage says, a row for each fact: "dataset.uri" and its value.
std::vector<std::vector<Cell>> lineage_rows(const Json& lineage);

/// Returns a value as text: null as "None", text as it is, the rest as JSON.
std::string value_text(const Json& value);

using Microseconds = std::chrono::sys_time<std::chrono::microseconds>;
/// Reads "2026-11-22T02:03:51.533349+00:00", with a fraction or without; nothing for other text.
std::optional<Microseconds> read_time(std::string_view text);
/// Returns "1 minute, 13 seconds ago": the two largest units that are not zero, of which a year
/// has 365 days. A time to come, or of less than a microsecond ago, is "now".
std::string age_text(std::chrono::microseconds age);

}  // namespace millrace::tool
