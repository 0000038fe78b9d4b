using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// The index of jobs in the SQLite file: a column of the jobs' own records, so that an entry is always what its record says, and there is nothing to
/// mend. A customer's entries are sorted by their bytes, which begin with the jobs' positions.
/// </summary>
internal sealed class SqliteJobIndex(SqliteDatabase database) : IJobIndex
{
    /// <inheritdoc/>
    public Task AddAsync(string customer, JobEntry entry) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Change(string customer, JobEntry? removed, JobEntry? added)
    {
    }

    /// <inheritdoc/>
    public Task<FoundEntries> FindAsync(
        string customer, JobFilter filter, JobSpan span, int limit, Func<JobEntry, bool>? isLeftOut = null)
    {
        var (from, to) = span.BoundsIn(filter);

        // Those that have not ended are few.
        var rows = filter.IncludesEnded ? "record WHERE" : "record INDEXED BY record_unfinished WHERE unfinished = 1 AND";
        var sql = $"""
            SELECT entry FROM {rows}
            customer = ?1 AND entry IS NOT NULL AND entry >= ?2 AND entry < ?3 AND {ConditionOf(filter)}
            ORDER BY entry {(span.IsAscending ? "ASC" : "DESC")}
            """;
        var entries = database.Query(connection =>
        {
            // Not by the provider, to which each row is an array and some calls: a search may go through all jobs of a customer.
            var found = new List<JobEntry>();
            SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle, sql, out var statement), connection.Handle);
            using (statement)
            {
                raw.sqlite3_bind_text(statement, 1, customer);
                raw.sqlite3_bind_blob(statement, 2, from);
                raw.sqlite3_bind_blob(statement, 3, to);
                var step = raw.SQLITE_ROW;
                while (found.Count < limit && (step = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
                {
                    var entry = JobEntry.Read(raw.sqlite3_column_blob(statement, 0));
                    if (isLeftOut?.Invoke(entry) != true)
                    {
                        found.Add(entry);
                    }
                }

                SqliteException.ThrowExceptionForRC(step is raw.SQLITE_ROW or raw.SQLITE_DONE ? raw.SQLITE_OK : step, connection.Handle);
            }

            return found;
        });
        return Task.FromResult(new FoundEntries(entries, entries.Count == limit ? entries[^1].Position : null));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyCollection<string>> FindCustomersAsync() => Task.FromResult<IReadOnlyCollection<string>>(database.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT customer FROM record WHERE entry IS NOT NULL";
        using var rows = command.ExecuteReader();
        var customers = new List<string>();
        while (rows.Read())
        {
            customers.Add(rows.GetString(0));
        }

        return customers;
    }));

    /// <summary>As <see cref="JobFilter.Admits(in JobEntry)"/>: of a job that has not ended only its record tells the lifecycle and the state.</summary>
    private static string ConditionOf(JobFilter filter) => $"""
        {IsOneOf(JobEntry.TaskAt, filter.Tasks?.Select(task => $"{task:x8}"))}
        AND {IsOneOf(JobEntry.CallerAt, filter.Callers?.Select(caller => $"{caller:x8}"))}
        AND ({IsOneOf(JobEntry.LifecycleAt, [Digits(JobEntry.UnfinishedLifecycle)])} OR (
            {IsOneOf(JobEntry.LifecycleAt, filter.Lifecycles?.Select(Digits))}
            AND {IsOneOf(JobEntry.StateAt, filter.States?.Select(state => $"{(byte)state:x2}"))}))
        """;

    private static string Digits(Lifecycle lifecycle) => $"{(byte)lifecycle:x2}";

    /// <param name="at">Where in the entry the bytes begin.</param>
    /// <param name="values">In hexadecimal digits, all of one length: nothing of a request gets into the statement. Null: any.</param>
    private static string IsOneOf(int at, IEnumerable<string>? values) => values is null ? "TRUE" : string.Create(
        CultureInfo.InvariantCulture,
        $"substr(entry, {at + 1}, {values.FirstOrDefault("").Length / 2}) IN ({string.Join(", ", values.Select(value => $"x'{value}'"))})");
}
