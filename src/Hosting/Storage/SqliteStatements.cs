using Microsoft.Data.Sqlite;

namespace SyncCluster.Hosting.Storage;

/// <summary>The prepared statements of the writer.</summary>
internal sealed class SqliteStatements(SqliteConnection connection) : IDisposable
{
    private const string IsKey = "grain = $grain AND state = $state AND storage = $storage";
    private const string IsExpected = $"{IsKey} AND etag = $expected AND (expires IS NULL OR expires > $now)";

    private readonly SqliteCommand _begin = Prepare(connection, "BEGIN IMMEDIATE");
    private readonly SqliteCommand _commit = Prepare(connection, "COMMIT");
    private readonly SqliteCommand _checkpoint = Prepare(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    private readonly SqliteCommand _pages = Prepare(connection, "PRAGMA page_count");
    private readonly SqliteCommand _freePages = Prepare(connection, "PRAGMA freelist_count");
    private readonly long _pageSize = SqliteFile.Read(connection, "PRAGMA page_size");
    private readonly SqliteCommand _find = Prepare(
        connection, $"SELECT etag FROM record WHERE {IsKey} AND (expires IS NULL OR expires > $now)", "$grain", "$state", "$storage", "$now");

    private readonly SqliteCommand _insert = Prepare(
        connection,
        """
        INSERT INTO record (grain, state, storage, etag, expires, unfinished, customer, size, entry, data)
        VALUES ($grain, $state, $storage, $etag, $expires, $unfinished, $customer, $size, $entry, $data) ON CONFLICT DO NOTHING
        """,
        "$grain", "$state", "$storage", "$etag", "$expires", "$unfinished", "$customer", "$size", "$entry", "$data");

    private readonly SqliteCommand _update = Prepare(
        connection,
        $"""
        UPDATE record
        SET etag = $etag, expires = $expires, unfinished = $unfinished, customer = $customer, size = $size, entry = $entry, data = $data
        WHERE {IsExpected}
        """,
        "$grain", "$state", "$storage", "$etag", "$expires", "$unfinished", "$customer", "$size", "$entry", "$data", "$expected", "$now");

    private readonly SqliteCommand _delete = Prepare(
        connection, $"DELETE FROM record WHERE {IsExpected}", "$grain", "$state", "$storage", "$expected", "$now");

    private readonly SqliteCommand _deleteExpired = Prepare(
        connection, $"DELETE FROM record WHERE {IsKey} AND expires <= $now RETURNING customer, size", "$grain", "$state", "$storage", "$now");

    private readonly SqliteCommand _deleteAllExpired = Prepare(
        connection,
        "DELETE FROM record WHERE rowid IN (SELECT rowid FROM record WHERE expires <= $now LIMIT $limit) RETURNING customer, size",
        "$now", "$limit");

    public void Begin() => _begin.ExecuteNonQuery();

    public void Commit() => _commit.ExecuteNonQuery();

    /// <summary>Moves the content of the WAL to the file, as far as no reader needs it.</summary>
    public void Checkpoint() => _checkpoint.ExecuteNonQuery();

    /// <summary>The size of the file without its unused pages, in bytes.</summary>
    public long ReadUsedBytes() => _pageSize * ((long)_pages.ExecuteScalar()! - (long)_freePages.ExecuteScalar()!);

    /// <summary>The stored ETag; null if there is no record.</summary>
    public long? FindETag(RowKey key, long now)
    {
        Bind(_find, key.Grain, key.State, key.Storage, now);
        return (long?)_find.ExecuteScalar();
    }

    /// <summary>False: there is a record, or an expired one that was not removed yet.</summary>
    public bool Insert(RowKey key, long etag, NewRow row)
    {
        Bind(
            _insert, key.Grain, key.State, key.Storage, etag, Milliseconds(row.Expires), row.IsUnfinished ? 1 : 0, row.Customer, row.Size,
            OrNull(row.ListEntry), row.Data);
        return _insert.ExecuteNonQuery() == 1;
    }

    /// <summary>False: the stored ETag is not the expected one, or the record has expired.</summary>
    public bool Update(RowKey key, long expected, long now, long etag, NewRow row)
    {
        Bind(
            _update, key.Grain, key.State, key.Storage, etag, Milliseconds(row.Expires), row.IsUnfinished ? 1 : 0, row.Customer, row.Size,
            OrNull(row.ListEntry), row.Data, expected, now);
        return _update.ExecuteNonQuery() == 1;
    }

    /// <inheritdoc cref="Update"/>
    public bool Delete(RowKey key, long expected, long now)
    {
        Bind(_delete, key.Grain, key.State, key.Storage, expected, now);
        return _delete.ExecuteNonQuery() == 1;
    }

    /// <summary>Removes the record if it has expired.</summary>
    public List<(string Customer, long Size)> DeleteExpired(RowKey key, long now)
    {
        Bind(_deleteExpired, key.Grain, key.State, key.Storage, now);
        return Removed(_deleteExpired);
    }

    /// <summary>Removes expired records, at most so many.</summary>
    public List<(string Customer, long Size)> DeleteExpired(long now, int limit)
    {
        Bind(_deleteAllExpired, now, limit);
        return Removed(_deleteAllExpired);
    }

    public void Dispose()
    {
        foreach (var command in (SqliteCommand[])[
            _begin, _commit, _checkpoint, _pages, _freePages, _find, _insert, _update, _delete, _deleteExpired, _deleteAllExpired,
        ])
        {
            command.Dispose();
        }
    }

    internal static SqliteCommand Prepare(SqliteConnection connection, string sql, params string[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = parameter });
        }

        return command;
    }

    internal static void Bind(SqliteCommand command, params object[] values)
    {
        for (var place = 0; place < values.Length; place++)
        {
            command.Parameters[place].Value = values[place];
        }
    }

    private static List<(string Customer, long Size)> Removed(SqliteCommand command)
    {
        using var rows = command.ExecuteReader();
        var removed = new List<(string, long)>();
        while (rows.Read())
        {
            removed.Add((rows.GetString(0), rows.GetInt64(1)));
        }

        return removed;
    }

    private static object Milliseconds(DateTimeOffset? time) => OrNull(time?.ToUnixTimeMilliseconds());

    private static object OrNull(object? value) => value ?? DBNull.Value;
}
