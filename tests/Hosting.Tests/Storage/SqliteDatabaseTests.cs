using Microsoft.Data.Sqlite;
using Orleans.Storage;
using SyncCluster.Harness;
using SyncCluster.Hosting.Storage;

namespace SyncCluster.Hosting.Tests.Storage;

/// <summary>Writes that share a transaction, and what each of their writers is told.</summary>
public sealed class SqliteDatabaseTests
{
    private const int IoError = 10;
    private const int NotSynced = IoError | (4 << 8);

    /// <summary>Writes of this grain call the function that a test gives.</summary>
    private const string Hook = "CREATE TEMP TRIGGER hook AFTER INSERT ON main.record WHEN new.grain = 'job/hook' BEGIN SELECT hook(); END";

    [Fact]
    public async Task Writes_that_come_while_one_is_committed_share_a_transaction()
    {
        using var gate = new Gate();
        using var database = new TestDatabase(opened: gate.Install);
        var first = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        var others = Enumerable.Range(0, 100).Select(number => WriteAsync(database, $"{number}")).ToArray();
        var before = gate.Commits;
        gate.Open();
        await Task.WhenAll(others.Append(first));
        Assert.InRange(gate.Commits - before, 2, 3);
    }

    [Fact]
    public async Task A_write_is_neither_acknowledged_nor_read_before_its_transaction_is_committed()
    {
        using var gate = new Gate();
        using var database = new TestDatabase(opened: gate.Install);
        var etag = await database.Database.WriteAsync(TestDatabase.Key("a"), null, TestDatabase.Row(1));
        var hook = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        var change = database.Database.WriteAsync(TestDatabase.Key("a"), etag, TestDatabase.Row(2));
        Assert.Null(await ReadAsync(database, "hook"));
        Assert.Single((await ReadAsync(database, "a"))!.Data);
        Assert.False(hook.IsCompleted || change.IsCompleted);
        gate.Open();
        await hook;
        Assert.NotNull(database.Database.Read(TestDatabase.Key("hook")));
        Assert.Equal(await change, database.Database.Read(TestDatabase.Key("a"))!.ETag);
    }

    [Fact]
    public async Task In_memory_what_is_rolled_back_was_never_read()
    {
        using var gate = new Gate { Fault = new SqliteException("The disk is full.", 13) };
        using var database = new TestDatabase(isInMemory: true, gate.Install);
        var first = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        var shared = database.Database.WriteAsync(TestDatabase.Key("b"), null, TestDatabase.Row());
        var failing = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        var reads = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var isRead = false;
            while (!failing.IsCompleted)
            {
                isRead |= database.Database.Read(TestDatabase.Key("b")) is not null;
            }

            return isRead;
        })).ToArray();
        gate.Open();
        await Assert.ThrowsAsync<IOException>(() => first);
        await Assert.ThrowsAsync<IOException>(() => shared);
        await Assert.ThrowsAsync<IOException>(() => failing);
        Assert.DoesNotContain(true, await Task.WhenAll(reads));
    }

    [Fact]
    public async Task A_wrong_ETag_fails_only_its_own_write()
    {
        using var gate = new Gate();
        using var database = new TestDatabase(opened: gate.Install);
        await database.Database.WriteAsync(TestDatabase.Key("a"), null, TestDatabase.Row());
        var hook = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        var before = database.Database.WriteAsync(TestDatabase.Key("b"), null, TestDatabase.Row());
        var wrong = database.Database.WriteAsync(TestDatabase.Key("a"), 1, TestDatabase.Row());
        var after = database.Database.WriteAsync(TestDatabase.Key("c"), null, TestDatabase.Row());
        gate.Open();
        await Assert.ThrowsAsync<InconsistentStateException>(() => wrong);
        await Task.WhenAll(hook, before, after);
        Assert.Equal(await after, database.Database.Read(TestDatabase.Key("c"))!.ETag);
    }

    [Fact]
    public async Task A_failed_transaction_fails_all_of_its_writes_and_the_next_one_is_written()
    {
        using var gate = new Gate();
        using var database = new TestDatabase(opened: gate.Install);
        var hook = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        gate.Open();
        await hook;
        gate.Fault = new SqliteException("The disk is full.", 13);
        await database.Database.WriteAsync(TestDatabase.Key("hook"), await hook, null);
        gate.Close();
        var filler = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        gate.Open();
        var fault = await Assert.ThrowsAsync<IOException>(() => filler);
        Assert.Contains("The disk is full.", fault.Message, StringComparison.Ordinal);
        Assert.Null(database.Database.Read(TestDatabase.Key("hook")));
        Assert.Empty(database.Deaths);
        gate.Fault = null;
        await database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        Assert.NotNull(database.Database.Read(TestDatabase.Key("hook")));
    }

    [Fact]
    public async Task Writes_of_a_failed_transaction_fail_together()
    {
        using var gate = new Gate { Fault = new SqliteException("The disk is full.", 13) };
        using var database = new TestDatabase(opened: gate.Install);
        var first = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.WaitUntilEntered();
        var shared = database.Database.WriteAsync(TestDatabase.Key("b"), null, TestDatabase.Row());
        var failing = database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row());
        gate.Open();
        await Assert.ThrowsAsync<IOException>(() => first);
        await Assert.ThrowsAsync<IOException>(() => shared);
        await Assert.ThrowsAsync<IOException>(() => failing);
        Assert.Null(database.Database.Read(TestDatabase.Key("b")));
    }

    [Fact]
    public async Task A_disk_that_does_not_confirm_a_write_ends_the_process()
    {
        using var gate = new Gate { Fault = new SqliteException("disk I/O error", NotSynced, NotSynced) };
        using var database = new TestDatabase(opened: gate.Install);
        gate.Open();
        await Assert.ThrowsAsync<IOException>(() => database.Database.WriteAsync(TestDatabase.Key("hook"), null, TestDatabase.Row()));
        Assert.Single(database.Deaths);
    }

    [Fact]
    public async Task What_is_acknowledged_is_there_when_the_file_is_opened_again()
    {
        using var database = new TestDatabase();
        var etag = await database.Database.WriteAsync(TestDatabase.Key("a"), null, TestDatabase.Row());
        database.Close();
        database.Open();
        Assert.Equal(etag, database.Database.Read(TestDatabase.Key("a"))!.ETag);
    }

    [Fact]
    public async Task A_closed_storage_takes_no_write_and_writes_what_it_has_taken()
    {
        using var database = new TestDatabase();
        var writes = Enumerable.Range(0, 100).Select(number => WriteAsync(database, $"{number}")).ToArray();
        database.Close();
        await Task.WhenAll(writes);
        await Assert.ThrowsAsync<IOException>(() => database.Database.WriteAsync(TestDatabase.Key("late"), null, TestDatabase.Row()));
        database.Open();
        Assert.NotNull(database.Database.Read(TestDatabase.Key("99")));
    }

    [Fact]
    public async Task The_room_of_expired_records_is_used_again()
    {
        using var database = new TestDatabase();
        var sizes = new List<long>();
        for (var day = 0; day < 4; day++)
        {
            var expires = database.Time.GetUtcNow().AddHours(1);
            await Task.WhenAll(Enumerable.Range(0, 600).Select(number => database.Database.WriteAsync(
                TestDatabase.Key($"{day}-{number}"), null, TestDatabase.Row(10_000) with { Expires = expires })));
            database.Time.Advance(TimeSpan.FromDays(1));
            await database.Database.WriteAsync(TestDatabase.Key($"kept {day}"), null, TestDatabase.Row());
            await Eventually.TrueAsync(
                () => database.Query("SELECT count(*) FROM record WHERE expires IS NOT NULL") == 0, "all that has expired is removed");
            sizes.Add(database.Query("PRAGMA page_count"));
        }

        Assert.InRange(sizes[^1], 1, sizes[0] + 20);
        await Eventually.TrueAsync(() => database.Database.UsedBytes < 1 << 20, "the used size is what is left");
    }

    [Fact]
    public async Task The_log_is_moved_into_the_file_from_time_to_time()
    {
        using var database = new TestDatabase();
        for (var number = 0; number < 40; number++)
        {
            await database.Database.WriteAsync(TestDatabase.Key($"{number}"), null, TestDatabase.Row(1 << 20));
        }

        Assert.InRange(new FileInfo($"{database.File}-wal").Length, 1, 20 << 20);
    }

    private static Task<long> WriteAsync(TestDatabase database, string name) =>
        database.Database.WriteAsync(TestDatabase.Key(name), null, TestDatabase.Row());

    /// <summary>A read that would wait for the writer fails.</summary>
    private static Task<StoredRow?> ReadAsync(TestDatabase database, string name) =>
        Task.Run(() => database.Database.Read(TestDatabase.Key(name))).WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>A function of SQL, called in the middle of a transaction, in which the writer waits.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _entered = new();
        private readonly ManualResetEventSlim _open = new();
        private SQLitePCL.delegate_commit? _commit;
        private int _commits;

        /// <summary>With what the function ends; null: well.</summary>
        public SqliteException? Fault { get; set; }

        public int Commits => Volatile.Read(ref _commits);

        public void Install(SqliteConnection connection)
        {
            connection.CreateFunction("hook", () =>
            {
                _entered.Set();
                _open.Wait();
                return Fault is null ? 0 : throw Fault;
            });
            SqliteFile.Execute(connection, Hook);
            _commit = _ =>
            {
                Interlocked.Increment(ref _commits);
                return 0;
            };
            SQLitePCL.raw.sqlite3_commit_hook(connection.Handle, _commit, null);
        }

        public void WaitUntilEntered() => Assert.True(_entered.Wait(TimeSpan.FromSeconds(30)));

        public void Open() => _open.Set();

        public void Close()
        {
            _open.Reset();
            _entered.Reset();
        }

        public void Dispose()
        {
            _open.Set();
            _entered.Dispose();
        }
    }
}
