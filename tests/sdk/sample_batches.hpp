#pragma once

#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "tests/sdk/foreign_arrow.hpp"

namespace millrace::sdk_test {

/// A foreign table with every type, nulls, and a list and struct column, six rows:
/// row    0       1      2      3       4        5
/// flag   true    false  null   true    false    true
/// small  1       -2     3      null    5        6
/// big    10      20     null   40      50       60
/// ratio  0.5     null   1.5    2.5     3.5      4.5
/// exact  1.25    2.25   3.25   4.25    null     6.25
/// text   "a"     ""     null   "dé"    "eee"    "f"
/// bytes  'A'     null   'CC'   ''      'E'      'F'
/// when   @1      @2     @3     @4      @5       null
/// items  [1, 2]  []     null   [3]     [null]   [5, 6]
/// pair   {x: 1, y: "p"}  {x: 2, y: null}  null  {x: null, y: "q"}  {x: 5, y: "r"}  {x: 6, y: "s"}
ForeignNode all_types();

/// The same shifted by two rows of rubbish before, which an offset skips: of every column, or of
/// the table itself.
ForeignNode all_types_behind_column_offsets();
ForeignNode all_types_behind_table_offset();

/// Takes over a pair made of a tree.
Batch import(const ForeignNode& tree, Releases* releases = nullptr);

/// What the independent walker says of a batch's rows, of which it uses another share.
std::string rows_of(const Batch& batch);

/// The walker's words for the rows of all_types().
const std::vector<std::string>& all_types_rows();

std::string join(const std::vector<std::string>& rows);

}  // namespace millrace::sdk_test
