#pragma once

#include <millrace/sql/block.hpp>

namespace millrace::sql_operators {

/// Makes the texts of a column valid UTF-8: each byte that is part of no character becomes U+FFFD.
/// Returns how many texts were changed; a column of whole texts costs one fast look at its bytes.
std::int64_t mend_texts(sql::Column& column);

}  // namespace millrace::sql_operators
