#include "engine/run/spill.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <numeric>
#include <span>
#include <utility>

#include <millrace/row_codec.hpp>

namespace millrace {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;  // of writes and reads

// In front of each batch: the sizes of what follows.
struct Head {
  std::uint32_t port = 0;
  std::uint32_t schema = 0;
  std::int64_t rows = 0;
};

void append_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

// Reads a file front to back.
class SpillFile::Source {
 public:
  explicit Source(std::unique_ptr<ObjectReader> reader) : reader_{std::move(reader)} {}

  Result<void> read(char* to, std::size_t size) {
    while (size > 0) {
      if (next_ == block_.size()) {
        block_.resize(kBlock);
        MR_TRY(const std::size_t count, reader_->read(std::span{block_.data(), block_.size()}));
        block_.resize(count);
        next_ = 0;
        if (count == 0)
          return Error{Code::Io, "scratch of the run is shorter than what was written to it"};
      }
      const std::size_t part = std::min(size, block_.size() - next_);
      std::memcpy(to, block_.data() + next_, part);
      next_ += part;
      to += part;
      size -= part;
    }
    return {};
  }

  Result<void> read(std::string& to, std::size_t size) {
    to.resize(size);
    return read(to.data(), size);
  }

 private:
  std::unique_ptr<ObjectReader> reader_;
  std::string block_;
  std::size_t next_ = 0;
};

Result<std::unique_ptr<SpillFile>> SpillFiles::take() {
  std::size_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (free_.empty()) {
      number = made_++;
    } else {
      number = free_.back();
      free_.pop_back();
    }
  }
  std::string uri = "work:///_spill." + std::to_string(number);
  auto writer = services_.stage(uri);
  // An earlier attempt may have left something.
  auto emptied = writer.ok() ? (*writer)->truncate(0) : Result<void>{std::move(writer).error()};
  if (!emptied.ok()) {
    give_back(number);
    return std::move(emptied).error().within("spill");
  }
  return std::make_unique<SpillFile>(*this, number, std::move(uri), **writer);
}

void SpillFiles::give_back(std::size_t number) {
  const std::lock_guard lock{mutex_};
  free_.push_back(number);
}

SpillFile::SpillFile(SpillFiles& files, std::size_t number, std::string uri, ObjectWriter& writer)
    : files_{files}, number_{number}, uri_{std::move(uri)}, writer_{writer} {}

SpillFile::~SpillFile() {
  source_.reset();
  static_cast<void>(writer_.truncate(0));  // if not now then with the job
  files_.give_back(number_);
}

Result<void> SpillFile::write(std::string_view port, const Batch& batch) {
  const std::uint64_t begin = writer_.size();
  std::string out;
  try {
    const std::string schema = schema_text(batch.schema());
    const Head head{static_cast<std::uint32_t>(port.size()),
                    static_cast<std::uint32_t>(schema.size()), batch.rows()};
    out.append(reinterpret_cast<const char*>(&head), sizeof head);
    out.append(port).append(schema);
    const RowEncoder encoder{batch};
    std::string row;
    for (std::int64_t i = 0; i < batch.rows(); ++i) {
      row.clear();
      encoder.append(row, i);
      append_number(out, row.size());
      out.append(row);
      if (out.size() < kBlock) continue;
      MR_CHECK(writer_.write(out));
      out.clear();
    }
  } catch (const std::exception& problem) {  // no batch, or a row too large
    return Error{Code::DataInvalid, problem.what()};
  }
  if (!out.empty()) MR_CHECK(writer_.write(out));
  begins_.push_back(begin);
  ++written_;
  return {};
}

Result<Emitted> SpillFile::read() {
  if (!source_) {
    MR_TRY(auto reader, files_.services_.open(uri_));
    source_ = std::make_unique<Source>(std::move(reader));
  }
  Head head;
  MR_CHECK(source_->read(reinterpret_cast<char*>(&head), sizeof head));
  Emitted emitted;
  std::string schema_words, row;
  MR_CHECK(source_->read(emitted.port, head.port));
  MR_CHECK(source_->read(schema_words, head.schema));
  try {
    Schema schema = read_schema_text(schema_words);
    std::vector<std::size_t> places(schema.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    RowDecoder decoder{std::move(schema)};
    for (std::int64_t i = 0; i < head.rows; ++i) {
      std::uint64_t size = 0;
      MR_CHECK(source_->read(reinterpret_cast<char*>(&size), sizeof size));
      MR_CHECK(source_->read(row, size));
      decoder.add(row, places);
    }
    emitted.batch = decoder.take();
  } catch (const std::exception& problem) {
    return Error{Code::Internal, problem.what()};
  }
  emitted.bytes = emitted.batch.size_bytes();
  ++read_;
  return emitted;
}

Result<void> SpillFile::shrink(std::size_t size) {
  if (size >= this->size()) return {};
  const std::size_t left = read_ + size;
  MR_CHECK(writer_.truncate(begins_[left]));
  begins_.resize(left);
  written_ = left;
  return {};
}

}  // namespace millrace
