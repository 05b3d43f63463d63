#include "api/engine/row_text.hpp"

#include <array>
#include <charconv>

#include "engine/base/clock.hpp"
#include "engine/base/quoted.hpp"

namespace millrace::api {

namespace {

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_after(std::string& out, std::int64_t job, std::int64_t delay_s, std::string_view when) {
  out += "{\"job\":";
  append_number(out, job);
  out += ",\"delay_s\":";
  append_number(out, delay_s);
  out += ",\"when\":";
  append_quoted(out, when);
  out += '}';
}

}  // namespace

RowText::RowText(const Batch& rows, const std::vector<Member>& members) {
  columns_.reserve(members.size());
  for (const auto& member : members) {
    Bound bound{&member, {}, {}, {}};
    if (member.as == As::After) {
      const std::string name{member.column};
      bound.delay_s = rows.column<std::int64_t>(name + "_delay_s");
      bound.text = rows.column<std::string_view>(name + "_when");
    }
    if (member.as == As::Number || member.as == As::Time || member.as == As::After)
      bound.number = rows.column<std::int64_t>(member.column);
    else
      bound.text = rows.column<std::string_view>(member.column);
    columns_.push_back(std::move(bound));
  }
}

void RowText::append(std::string& out, std::int64_t row) const {
  char before = '{';
  for (const auto& column : columns_) {
    out += before;
    before = ',';
    out += '"';
    out += column.member->name;
    out += "\":";
    const auto as = column.member->as;
    if (as == As::Number || as == As::Time || as == As::After) {
      const auto number = column.number[row];
      if (!number)
        out += "null";
      else if (as == As::Number)
        append_number(out, *number);
      else if (as == As::Time)
        append_quoted(out, to_rfc3339(from_micros(*number)));
      else
        append_after(out, *number, column.delay_s[row].value_or(0),
                     column.text[row].value_or(std::string_view{}));
      continue;
    }
    const auto text = column.text[row];
    if (!text || (as == As::MaybeText && text->empty()))
      out += "null";
    else if (as == As::Document)
      out += *text;
    else
      append_quoted(out, *text);
  }
  out += '}';
}

}  // namespace millrace::api
