using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Orleans.Storage;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// The records of one process, durable. One thread writes: what arrives while a transaction is being committed shares the next one, so that one sync
/// of the disk serves many writes. A write is acknowledged when its transaction is on disk. One whose ETag is not the stored one fails alone; if the
/// commit fails, the fate of all in it is unknown to those who wrote (rule I2). Readers have connections of their own and never see what is not
/// committed.
/// </summary>
internal sealed partial class SqliteDatabase : IDisposable
{
    /// <summary>Writes in one transaction.</summary>
    private const int MaxBatch = 512;

    /// <summary>Expired records that are removed in one transaction.</summary>
    private const int MaxExpired = 256;

    /// <summary>The size of the WAL, in bytes, roughly, from which on its content is moved to the file.</summary>
    private const long CheckpointSize = 8 << 20;

    /// <summary>The pages that a write changes beside those of the record's data, in bytes, roughly.</summary>
    private const int PagesOfWrite = 16 << 10;

    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromSeconds(30);

    private readonly SqliteFile _file;
    private readonly TimeProvider _timeProvider;
    private readonly Action<Exception> _die;
    private readonly Action<string, long>? _dropped;
    private readonly ILogger _logger;
    private readonly BlockingCollection<Write> _writes = [];
    private readonly ConcurrentBag<SqliteReader> _readers = [];

    /// <summary>Held while a transaction is open. In memory reads take it as well: they use the connection of the writer.</summary>
    private readonly Lock _transaction = new();
    private readonly SqliteStatements _statements;
    private readonly Thread _writer;
    private bool _isFailing;
    private long _unmoved;
    private long _usedBytes;

    /// <param name="file">The file; it is disposed of with this object.</param>
    /// <param name="timeProvider">The clock of the expiry.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="die">Ends the process: after a sync of the disk has failed, nothing is known of what is on it.</param>
    /// <param name="dropped">Told of each expired record that was removed: whose it was, and its size.</param>
    /// <param name="opened">Is given the connection that writes, for a test.</param>
    public SqliteDatabase(
        SqliteFile file,
        TimeProvider timeProvider,
        ILogger logger,
        Action<Exception> die,
        Action<string, long>? dropped = null,
        Action<SqliteConnection>? opened = null)
    {
        (_file, _timeProvider, _logger, _die, _dropped) = (file, timeProvider, logger, die, dropped);
        if (file.IsInMemory)
        {
            _readers.Add(new(file.Writer));
        }

        opened?.Invoke(file.Writer);
        _statements = new(file.Writer);
        _usedBytes = _statements.ReadUsedBytes();
        _writer = new Thread(Run) { IsBackground = true, Name = "SQLite writer" };
        _writer.Start();
    }

    /// <summary>Where the file is; null in memory.</summary>
    public string? Folder => _file.IsInMemory ? null : Path.GetDirectoryName(_file.Path);

    /// <summary>The size of the file without its unused pages, in bytes.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Reads a record; null if there is none, or it has expired.</summary>
    public StoredRow? Read(RowKey key)
    {
        if (_file.IsInMemory)
        {
            lock (_transaction)
            {
                return _readers.Single().Read(key, Now);
            }
        }

        if (!_readers.TryTake(out var reader))
        {
            reader = new(_file.Connect());
        }

        try
        {
            var row = reader.Read(key, Now);
            _readers.Add(reader);
            return row;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>The records of what has not ended and is not expired, the oldest first.</summary>
    public IReadOnlyList<RowKey> ReadUnfinished() => Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT storage, grain, state FROM record WHERE unfinished = 1 AND (expires IS NULL OR expires > $now) ORDER BY rowid";
        command.Parameters.AddWithValue("$now", Now);
        using var rows = command.ExecuteReader();
        var keys = new List<RowKey>();
        while (rows.Read())
        {
            keys.Add(new(rows.GetString(0), rows.GetString(1), rows.GetString(2)));
        }

        return keys;
    });

    /// <summary>What the records of each customer take, in bytes, as <see cref="NewRow.Size"/> says it.</summary>
    public IReadOnlyDictionary<string, long> ReadSizes() => Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT customer, sum(size) FROM record WHERE customer <> '' GROUP BY customer";
        using var rows = command.ExecuteReader();
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        while (rows.Read())
        {
            sizes[rows.GetString(0)] = rows.GetInt64(1);
        }

        return sizes;
    });

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

    /// <summary>Copies the database, as it is at one moment, into a file.</summary>
    /// <param name="path">The file, which is empty.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public void BackUp(string path)
    {
        try
        {
            Query(connection =>
            {
                using var command = connection.CreateCommand();
                command.CommandText = "VACUUM INTO $path";
                command.Parameters.AddWithValue("$path", path);
                return command.ExecuteNonQuery();
            });
        }
        catch (SqliteException fault)
        {
            throw new IOException($"The back-up could not be written: {fault.Message}", fault);
        }
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
        _statements.Dispose();
        _file.Dispose();
    }

    private long Now => _timeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Reads with a connection that is closed afterwards.</summary>
    public T Query<T>(Func<SqliteConnection, T> query)
    {
        if (_file.IsInMemory)
        {
            lock (_transaction)
            {
                return query(_file.Writer);
            }
        }

        using var connection = _file.Connect();
        return query(connection);
    }

    private void Run()
    {
        var lastExpiry = _timeProvider.GetTimestamp();
        var hasMoreExpired = false;
        var batch = new List<Write>();
        while (TakeBatch(batch, hasMoreExpired ? TimeSpan.Zero : ExpiryInterval))
        {
            if (batch.Count > 0)
            {
                Commit(batch);
                batch.Clear();
            }

            if (hasMoreExpired || _timeProvider.GetElapsedTime(lastExpiry) >= ExpiryInterval)
            {
                lastExpiry = _timeProvider.GetTimestamp();
                hasMoreExpired = RemoveExpired();
            }
        }
    }

    /// <returns>False: there will be no more.</returns>
    private bool TakeBatch(List<Write> batch, TimeSpan limit)
    {
        if (!_writes.TryTake(out var first, limit))
        {
            return !_writes.IsCompleted;
        }

        for (var next = first; next is not null; next = batch.Count < MaxBatch && _writes.TryTake(out var more) ? more : null)
        {
            batch.Add(next);
        }

        return true;
    }

    private void Commit(List<Write> batch)
    {
        var fault = InTransaction(() =>
        {
            foreach (var write in batch)
            {
                Apply(write);
                _unmoved += PagesOfWrite + (write.Row?.Data.Length ?? 0);
            }
        });
        foreach (var write in batch)
        {
            if (fault is null)
            {
                Drop(write.Replaced);
            }

            write.Settle(fault);
        }

        AfterCommit();
    }

    private void Apply(Write write)
    {
        // Random, so that none returns: a record may expire, and be made again.
        write.ETag = Random.Shared.NextInt64(1, long.MaxValue);
        var isWritten = (write.Expected, write.Row) switch
        {
            (null, { } row) => _statements.Insert(write.Key, write.ETag, row) || ReplaceExpired(write, row),
            ({ } expected, { } row) => _statements.Update(write.Key, expected, Now, write.ETag, row),
            ({ } expected, null) => _statements.Delete(write.Key, expected, Now),
            (null, null) => _statements.FindETag(write.Key, Now) is null,
        };
        if (!isWritten)
        {
            write.Conflict = new InconsistentStateException(
                $"{write.Key.Grain} was changed by another write.", $"{_statements.FindETag(write.Key, Now)}", $"{write.Expected}");
        }
    }

    private bool ReplaceExpired(Write write, NewRow row)
    {
        write.Replaced = _statements.DeleteExpired(write.Key, Now);
        return write.Replaced.Count > 0 && _statements.Insert(write.Key, write.ETag, row);
    }

    /// <returns>Whether there may be more.</returns>
    private bool RemoveExpired()
    {
        List<(string, long)> removed = [];
        if (InTransaction(() => removed = _statements.DeleteExpired(Now, MaxExpired)) is not null)
        {
            return false;
        }

        Drop(removed);
        _unmoved += removed.Count * PagesOfWrite;
        AfterCommit();
        return removed.Count == MaxExpired;
    }

    private void Drop(List<(string Customer, long Size)> removed)
    {
        foreach (var (customer, size) in removed)
        {
            _dropped?.Invoke(customer, size);
        }
    }

    /// <returns>Why the transaction was not committed, or is not known to be; null if it is.</returns>
    private IOException? InTransaction(Action work)
    {
        lock (_transaction)
        {
            try
            {
                _statements.Begin();
                work();
                _statements.Commit();
                if (_isFailing)
                {
                    _isFailing = false;
                    LogWritesAgain(_file.Path);
                }

                return null;
            }
            catch (Exception fault)
            {
                DieIfNotSynced(fault);
                if (!_isFailing)
                {
                    _isFailing = true;
                    LogWriteFailed(fault, _file.Path);
                }

                RollBack();
                return new IOException($"The storage's file could not be written: {fault.Message}", fault);
            }
        }
    }

    /// <summary>What has time until the writes are acknowledged.</summary>
    private void AfterCommit()
    {
        lock (_transaction)
        {
            try
            {
                Volatile.Write(ref _usedBytes, _statements.ReadUsedBytes());
                if (_unmoved >= CheckpointSize)
                {
                    _statements.Checkpoint();
                    _unmoved = 0;
                }
            }
            catch (SqliteException fault)
            {
                DieIfNotSynced(fault);
                LogNoCheckpoint(fault, _file.Path);
            }
        }
    }

    /// <summary>SQLite ends some transactions by itself when a statement fails.</summary>
    private void RollBack()
    {
        try
        {
            SqliteFile.Execute(_file.Writer, "ROLLBACK");
        }
        catch (SqliteException)
        {
            // There is none any more.
        }
    }

    /// <summary>A second sync may succeed without what the first one has lost: the system drops what it could not write.</summary>
    private void DieIfNotSynced(Exception fault)
    {
        if (fault is SqliteException { SqliteExtendedErrorCode: SQLitePCL.raw.SQLITE_IOERR_FSYNC or SQLitePCL.raw.SQLITE_IOERR_DIR_FSYNC })
        {
            LogNotSynced(fault, _file.Path);
            _die(fault);
        }
    }

    private sealed class Write(RowKey key, long? expected, NewRow? row)
    {
        public RowKey Key => key;

        public long? Expected => expected;

        public NewRow? Row => row;

        public long ETag { get; set; }

        /// <summary>The expired record in whose place this one is.</summary>
        public List<(string Customer, long Size)> Replaced { get; set; } = [];

        public InconsistentStateException? Conflict { get; set; }

        public TaskCompletionSource<long> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The transaction has ended. A conflict is known only then: what it conflicts with may have been written by the same one.</summary>
        /// <param name="fault">Why it is not known to be on disk; null if it is.</param>
        public void Settle(IOException? fault)
        {
            if ((fault ?? (Exception?)Conflict) is { } failure)
            {
                Done.TrySetException(failure);
            }
            else
            {
                Done.TrySetResult(ETag);
            }
        }
    }
}
