//! The rows of a file of Parquet, one after the other, with no more of them in memory than there may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::{RowIter, TreeBuilder};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::claims;

/// Why not all rows were seen.
pub enum Stopped {
    /// What is wrong with the file.
    Damaged(String),
    /// More would have been in memory than may be.
    TooLong,
}

/// So many values of a column are read at a time, about.
const AT_A_TIME: usize = 1 << 18;
/// So many rows are, at most.
const ROWS: usize = 1024;

/// Calls `see` with the values of each row in these columns of the file, until it says no. At most about `limit` bytes are
/// taken for what has been read and not been seen yet.
pub fn walk(
    file: &Bytes,
    columns: Vec<TypePtr>,
    limit: u64,
    see: &mut dyn FnMut(Vec<(String, Field)>) -> bool,
) -> std::result::Result<(), Stopped> {
    let budget = Arc::new(Budget { limit, pages: 0.into(), values: 0.into(), is_over: false.into() });
    walk_within(file, columns, &budget, see).map_err(|why| match why {
        _ if budget.is_over.load(Ordering::Relaxed) => Stopped::TooLong,
        ParquetError::General(why) | ParquetError::NYI(why) | ParquetError::EOF(why) => Stopped::Damaged(why),
        other => Stopped::Damaged(other.to_string()),
    })
}

fn walk_within(
    file: &Bytes,
    columns: Vec<TypePtr>,
    budget: &Arc<Budget>,
    see: &mut dyn FnMut(Vec<(String, Field)>) -> bool,
) -> Result<()> {
    // What an older packing of LZ4 holds is unpacked without an end, unless it says how long it is.
    let properties = ReaderProperties::builder().set_backward_compatible_lz4(false).build();
    let options = ReadOptionsBuilder::new().with_reader_properties(properties).build();
    let reader = SerializedFileReader::new_with_options(file.clone(), options)?;
    let name = reader.metadata().file_metadata().schema_descr().root_schema().name().to_string();
    let columns = Type::group_type_builder(&name).with_fields(columns).build()?;
    let columns = Arc::new(SchemaDescriptor::new(Arc::new(columns)));
    for place in 0..reader.num_row_groups() {
        let group = Group { group: reader.get_row_group(place)?, file, budget: budget.clone() };
        budget.pages.store(0, Ordering::Relaxed);
        let rows = group.metadata().num_rows().max(1) as usize;
        let values = group.metadata().columns().iter().map(|it| it.num_values().max(0) as usize).max().unwrap_or(0);
        let batch = (AT_A_TIME / (values / rows).max(1)).clamp(1, ROWS);
        for row in TreeBuilder::new().with_batch_size(batch).as_iter(columns.clone(), &group)? {
            let row = row?.into_columns();
            budget.values.store(0, Ordering::Relaxed);
            if !see(row) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What is in memory, and what may be.
struct Budget {
    limit: u64,
    /// Bytes of the largest page of each column of this group.
    pages: AtomicU64,
    /// Bytes of the values of lists that have been read since a row was seen.
    values: AtomicU64,
    is_over: AtomicBool,
}

impl Budget {
    fn take(&self, of: &AtomicU64, more: u64) -> Result<()> {
        if of.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= self.limit {
            return Ok(());
        }
        self.is_over.store(true, Ordering::Relaxed);
        Err(ParquetError::General("too large".into()))
    }
}

/// Rows that are together in the file, each column of which is looked at before it is read.
struct Group<'a> {
    group: Box<dyn RowGroupReader + 'a>,
    file: &'a Bytes,
    budget: Arc<Budget>,
}

fn damaged(why: impl Into<String>) -> ParquetError {
    ParquetError::General(why.into())
}

/// What a column is packed in that is not read.
pub fn unread(packing: Compression) -> Option<&'static str> {
    match packing {
        Compression::BROTLI(_) => Some("brotli"),
        Compression::LZO => Some("LZO"),
        _ => None,
    }
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.group.metadata()
    }

    fn num_columns(&self) -> usize {
        self.group.num_columns()
    }

    fn get_column_page_reader(&self, place: usize) -> Result<Box<dyn PageReader>> {
        let column = self.metadata().column(place);
        if let Some(packing) = unread(column.compression()) {
            return Err(damaged(format!(
                "its column `{}` is packed with {packing}, which dlmc does not unpack",
                column.column_path().string()
            )));
        }
        let (start, length) = column.byte_range();
        let end = start.saturating_add(length);
        let at = usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
        let largest = claims::pages(self.file, at, column.compression()).map_err(damaged)?;
        self.budget.take(&self.budget.pages, largest)?;
        let descr = column.column_descr();
        let levels = (descr.max_rep_level(), descr.max_def_level());
        Ok(Box::new(Pages { pages: self.group.get_column_page_reader(place)?, levels, budget: self.budget.clone() }))
    }

    fn get_column_bloom_filter(&self, place: usize) -> Option<&Sbbf> {
        self.group.get_column_bloom_filter(place)
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        self.group.get_row_iter(projection)
    }
}

/// The pages of a column, each of which is looked at before its values are read.
struct Pages {
    pages: Box<dyn PageReader>,
    /// The deepest of repetition and of definition.
    levels: (i16, i16),
    budget: Arc<Budget>,
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(page) = self.pages.get_next_page()? else { return Ok(None) };
        claims::page(&page, self.levels).map_err(damaged)?;
        if self.levels.0 > 0 && page.is_data_page() {
            self.budget.take(&self.budget.values, u64::from(page.num_values()) * size_of::<Field>() as u64)?;
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}
