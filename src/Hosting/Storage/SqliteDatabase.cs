using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Orleans.Storage;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// The records of one process, durable. One thread writes: what arrives while a transaction is being committed shares the next one, so that one sync of the
/// disk serves many writes. A write is acknowledged when its transaction is on disk. One whose ETag is not the stored one fails alone; if the commit
/// fails, the fate of all in it is unknown to those who wrote (rule I2). Readers have connections of their own and never see what is not committed.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    /// <summary>Writes in one transaction.</summary>
    private const int MaxBatch = 512;

    /// <summary>Expired records that are removed in one transaction.</summary>
    private const int MaxExpired = 256;

    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromSeconds(30);

    private readonly SqliteFile _file;
    private readonly TimeProvider _timeProvider;
    private readonly Action<Exception> _die;
    private readonly Action<string, long>? _removed;
    private readonly BlockingCollection<Write> _writes = [];
    private readonly ConcurrentBag<Reader> _readers = [];
    private readonly Thread _writer;
    private long _usedBytes;

    /// <param name="file">The file; it is disposed of with this object.</param>
    /// <param name="timeProvider">The clock of the expiry.</param>
    /// <param name="die">Ends the process: after a sync of the disk has failed, nothing is known of what is on it.</param>
    /// <param name="removed">Told of each expired record that was removed: whose it was, and its size.</param>
    public SqliteDatabase(SqliteFile file, TimeProvider timeProvider, Action<Exception> die, Action<string, long>? removed = null)
    {
        (_file, _timeProvider, _die, _removed) = (file, timeProvider, die, removed);
        _writer = new Thread(Run) { IsBackground = true, Name = "SQLite writer" };
        _writer.Start();
    }

    /// <summary>The size of the file without its unused pages, in bytes.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Reads a record; null if there is none, or it has expired.</summary>
    public StoredRow? Read(RowKey key)
    {
        if (!_readers.TryTake(out var reader))
        {
            reader = new(_file.Connect());
        }

        var row = reader.Read(key, Now);
        _readers.Add(reader);
        return row;
    }

    /// <summary>The grains of the jobs that have not ended.</summary>
    public IReadOnlyList<string> ReadUnfinished()
    {
        using var connection = _file.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT grain FROM record WHERE unfinished = 1";
        using var rows = command.ExecuteReader();
        var grains = new List<string>();
        while (rows.Read())
        {
            grains.Add(rows.GetString(0));
        }

        return grains;
    }

    /// <summary>What the records of each customer take, in bytes.</summary>
    public IReadOnlyDictionary<string, long> ReadSizes()
    {
        using var connection = _file.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT customer, sum(size) FROM record WHERE customer <> '' GROUP BY customer";
        using var rows = command.ExecuteReader();
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        while (rows.Read())
        {
            sizes[rows.GetString(0)] = rows.GetInt64(1);
        }

        return sizes;
    }

    /// <summary>Writes a record if its stored ETag is the expected one.</summary>
    /// <param name="key">The record.</param>
    /// <param name="expected">The stored ETag; null if there must be no record.</param>
    /// <param name="row">The new record; null to remove it.</param>
    /// <returns>The new ETag.</returns>
    /// <exception cref="InconsistentStateException">The stored ETag is another one. Nothing was written.</exception>
    /// <exception cref="IOException">It is not known whether the record was written.</exception>
    public Task<long> WriteAsync(RowKey key, long? expected, NewRow? row)
    {
        var write = new Write(key, expected, row);
        try
        {
            _writes.Add(write);
        }
        catch (InvalidOperationException)
        {
            throw new IOException("The storage is closed.");
        }

        return write.Done.Task;
    }

    /// <summary>Copies the database, as it is at one moment, into a new file.</summary>
    public void BackUp(string path)
    {
        using var connection = _file.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $path";
        command.Parameters.AddWithValue("$path", path);
        command.ExecuteNonQuery();
    }

    /// <summary>Writes what is still to be written, and closes the file.</summary>
    public void Dispose()
    {
        _writes.CompleteAdding();
        _writer.Join();
        foreach (var reader in _readers)
        {
            reader.Dispose();
        }

        _writes.Dispose();
        _file.Dispose();
    }

    private long Now => _timeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    private void Run()
    {
        using var connection = _file.Connect();
        using var statements = new Statements(connection);
        var expiredAt = _timeProvider.GetTimestamp();
        var batch = new List<Write>();
        Measure(connection);
        while (TakeBatch(batch))
        {
            if (batch.Count > 0)
            {
                Commit(connection, statements, batch);
                batch.Clear();
                Measure(connection);
            }

            if (_timeProvider.GetElapsedTime(expiredAt) >= ExpiryInterval)
            {
                expiredAt = _timeProvider.GetTimestamp();
                RemoveExpired(statements);
            }
        }
    }

    /// <returns>False: there will be no more.</returns>
    private bool TakeBatch(List<Write> batch)
    {
        if (!_writes.TryTake(out var first, (int)ExpiryInterval.TotalMilliseconds))
        {
            return !_writes.IsCompleted;
        }

        for (var next = first; next is not null; next = batch.Count < MaxBatch && _writes.TryTake(out var more) ? more : null)
        {
            batch.Add(next);
        }

        return true;
    }

    private void Commit(SqliteConnection connection, Statements statements, List<Write> batch)
    {
        try
        {
            statements.Begin();
            foreach (var write in batch)
            {
                Apply(statements, write);
            }

            statements.Commit();
        }
        catch (SqliteException fault)
        {
            if (IsSyncFailure(fault))
            {
                _die(fault);
            }

            RollBack(connection);
            foreach (var write in batch)
            {
                write.Done.TrySetException(new IOException($"The storage's file could not be written: {fault.Message}", fault));
            }

            return;
        }

        foreach (var write in batch)
        {
            write.Settle();
        }
    }

    private void Apply(Statements statements, Write write)
    {
        var stored = statements.FindETag(write.Key, Now);
        if (stored != write.Expected)
        {
            write.Conflict = new InconsistentStateException(
                $"{write.Key.Grain} was changed by another write.", $"{stored}", $"{write.Expected}");
            return;
        }

        if (write.Row is { } row)
        {
            // Random, so that none returns: a record may expire, and be made again.
            write.ETag = Random.Shared.NextInt64(1, long.MaxValue);
            statements.Put(write.Key, write.ETag, row);
        }
        else
        {
            statements.Delete(write.Key);
        }
    }

    private void RemoveExpired(Statements statements)
    {
        try
        {
            statements.Begin();
            var removed = statements.DeleteExpired(Now, MaxExpired);
            statements.Commit();
            foreach (var (customer, size) in removed)
            {
                _removed?.Invoke(customer, size);
            }
        }
        catch (SqliteException fault)
        {
            if (IsSyncFailure(fault))
            {
                _die(fault);
            }

            RollBack(statements.Connection);
        }
    }

    private void Measure(SqliteConnection connection) => Volatile.Write(
        ref _usedBytes,
        (SqliteFile.Read(connection, "PRAGMA page_count") - SqliteFile.Read(connection, "PRAGMA freelist_count"))
        * SqliteFile.Read(connection, "PRAGMA page_size"));

    /// <summary>SQLite ends some transactions by itself when a statement fails.</summary>
    private static void RollBack(SqliteConnection connection)
    {
        try
        {
            SqliteFile.Execute(connection, "ROLLBACK");
        }
        catch (SqliteException)
        {
            // There is none any more.
        }
    }

    private static bool IsSyncFailure(SqliteException fault) =>
        fault.SqliteExtendedErrorCode is SQLitePCL.raw.SQLITE_IOERR_FSYNC or SQLitePCL.raw.SQLITE_IOERR_DIR_FSYNC;

    private sealed class Write(RowKey key, long? expected, NewRow? row)
    {
        public RowKey Key => key;

        public long? Expected => expected;

        public NewRow? Row => row;

        public long ETag { get; set; }

        public InconsistentStateException? Conflict { get; set; }

        public TaskCompletionSource<long> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The transaction is on disk. A conflict is known only then: what it conflicts with may have been written by the same one.</summary>
        public void Settle()
        {
            if (Conflict is { } conflict)
            {
                Done.TrySetException(conflict);
            }
            else
            {
                Done.TrySetResult(ETag);
            }
        }
    }

    /// <summary>A connection that reads.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly SqliteCommand _command;

        public Reader(SqliteConnection connection)
        {
            _connection = connection;
            _command = Statements.Prepare(
                connection,
                "SELECT etag, data FROM record WHERE grain = $grain AND state = $state AND storage = $storage AND (expires IS NULL OR expires > $now)",
                "$grain", "$state", "$storage", "$now");
        }

        public StoredRow? Read(RowKey key, long now)
        {
            Statements.Bind(_command, key.Grain, key.State, key.Storage, now);
            using var rows = _command.ExecuteReader();
            return rows.Read() ? new(rows.GetFieldValue<byte[]>(1), rows.GetInt64(0)) : null;
        }

        public void Dispose()
        {
            _command.Dispose();
            _connection.Dispose();
        }
    }

    /// <summary>The prepared statements of the writer.</summary>
    private sealed class Statements : IDisposable
    {
        private readonly SqliteCommand _begin;
        private readonly SqliteCommand _commit;
        private readonly SqliteCommand _find;
        private readonly SqliteCommand _put;
        private readonly SqliteCommand _delete;
        private readonly SqliteCommand _deleteExpired;

        public Statements(SqliteConnection connection)
        {
            Connection = connection;
            _begin = Prepare(connection, "BEGIN IMMEDIATE");
            _commit = Prepare(connection, "COMMIT");
            _find = Prepare(
                connection,
                "SELECT etag FROM record WHERE grain = $grain AND state = $state AND storage = $storage AND (expires IS NULL OR expires > $now)",
                "$grain", "$state", "$storage", "$now");
            _put = Prepare(
                connection,
                """
                INSERT INTO record (grain, state, storage, etag, expires, unfinished, customer, size, data)
                VALUES ($grain, $state, $storage, $etag, $expires, $unfinished, $customer, $size, $data)
                ON CONFLICT (grain, state, storage) DO UPDATE SET etag = excluded.etag, expires = excluded.expires,
                    unfinished = excluded.unfinished, customer = excluded.customer, size = excluded.size, data = excluded.data
                """,
                "$grain", "$state", "$storage", "$etag", "$expires", "$unfinished", "$customer", "$size", "$data");
            _delete = Prepare(
                connection, "DELETE FROM record WHERE grain = $grain AND state = $state AND storage = $storage", "$grain", "$state", "$storage");
            _deleteExpired = Prepare(
                connection,
                "DELETE FROM record WHERE rowid IN (SELECT rowid FROM record WHERE expires <= $now LIMIT $limit) RETURNING customer, size",
                "$now", "$limit");
        }

        public SqliteConnection Connection { get; }

        public void Begin() => _begin.ExecuteNonQuery();

        public void Commit() => _commit.ExecuteNonQuery();

        public long? FindETag(RowKey key, long now)
        {
            Bind(_find, key.Grain, key.State, key.Storage, now);
            return (long?)_find.ExecuteScalar();
        }

        public void Put(RowKey key, long etag, NewRow row)
        {
            Bind(
                _put, key.Grain, key.State, key.Storage, etag, row.Expires?.ToUnixTimeMilliseconds() ?? (object)DBNull.Value, row.IsUnfinished ? 1 : 0,
                row.Customer, row.Size, row.Data);
            _put.ExecuteNonQuery();
        }

        public void Delete(RowKey key)
        {
            Bind(_delete, key.Grain, key.State, key.Storage);
            _delete.ExecuteNonQuery();
        }

        public List<(string Customer, long Size)> DeleteExpired(long now, int limit)
        {
            Bind(_deleteExpired, now, limit);
            using var rows = _deleteExpired.ExecuteReader();
            var removed = new List<(string, long)>();
            while (rows.Read())
            {
                removed.Add((rows.GetString(0), rows.GetInt64(1)));
            }

            return removed;
        }

        public void Dispose()
        {
            foreach (var command in (SqliteCommand[])[_begin, _commit, _find, _put, _delete, _deleteExpired])
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
    }
}
