using Orleans.Storage;
using SyncCluster.Hosting.Storage;
using SyncCluster.Jobs;
using SyncCluster.SerialTasks;

namespace SyncCluster.Hosting.Tests.Storage;

/// <summary>What grains rely on, in a file and in memory.</summary>
public abstract class SqliteGrainStorageTests(bool isInMemory) : IDisposable
{
    private static readonly GrainId Id = GrainId.Create("job", "acme/a");
    private readonly TestDatabase _database = new(isInMemory);

    public void Dispose()
    {
        _database.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_written_record_is_read_back()
    {
        var written = await WriteAsync(_database.Storage(), Id, "x");
        var read = await ReadAsync(_database.Storage(), Id);
        Assert.Equal(["x"], read.State!.Jobs);
        Assert.Equal((written.ETag, true), (read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task A_record_that_was_never_written_does_not_exist()
    {
        var read = await ReadAsync(_database.Storage(), Id);
        Assert.Null(read.State);
        Assert.Equal((null, false), (read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task Each_state_of_each_grain_in_each_storage_has_its_own_record()
    {
        var storage = _database.Storage();
        await storage.WriteStateAsync("one", Id, New("1"));
        await storage.WriteStateAsync("two", Id, New("2"));
        await storage.WriteStateAsync("one", GrainId.Create("job", "acme/b"), New("3"));
        await _database.Storage("catalog").WriteStateAsync("one", Id, New("4"));
        var read = new GrainState<TaskQueue>();
        await storage.ReadStateAsync("one", Id, read);
        Assert.Equal("1", read.State!.First);
    }

    [Fact]
    public async Task A_write_with_an_old_ETag_is_rejected_and_changes_nothing()
    {
        var storage = _database.Storage();
        var first = await WriteAsync(storage, Id, "1");
        var old = first.ETag;
        first.State = new() { Jobs = ["2"] };
        await storage.WriteStateAsync("s", Id, first);

        var late = New("late", old);
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Id, late));
        Assert.Equal((first.ETag, old), (conflict.StoredEtag, conflict.CurrentEtag));
        Assert.Equal(old, late.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("s", Id, late));
        Assert.Equal("2", (await ReadAsync(storage, Id)).State!.First);
    }

    [Fact]
    public async Task A_record_is_created_only_once()
    {
        await WriteAsync(_database.Storage(), Id, "1");
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(_database.Storage(), Id, "2"));
    }

    [Fact]
    public async Task A_write_to_a_cleared_record_is_rejected()
    {
        var storage = _database.Storage();
        var state = await WriteAsync(storage, Id, "1");
        var old = state.ETag;
        await storage.ClearStateAsync("s", Id, state);
        Assert.Equal((null, false), (state.ETag, state.RecordExists));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Id, New("2", old)));
        Assert.False((await ReadAsync(storage, Id)).RecordExists);
        await WriteAsync(storage, Id, "3");
    }

    [Fact]
    public async Task One_of_many_concurrent_writers_wins()
    {
        var storage = _database.Storage();
        string? etag = null;
        for (var round = 0; round < 20; round++)
        {
            var writers = Enumerable.Range(0, 8).Select(number => New($"{number}", etag)).ToArray();
            var won = await Task.WhenAll(writers.Select(writer => Task.Run(async () =>
            {
                try
                {
                    await storage.WriteStateAsync("s", Id, writer);
                    return writer;
                }
                catch (InconsistentStateException)
                {
                    return null;
                }
            })));
            etag = Assert.Single(won, writer => writer is not null)!.ETag;
        }
    }

    [Fact]
    public async Task A_record_expires_after_its_last_write()
    {
        var storage = _database.Storage(expiry: TimeSpan.FromMinutes(10));
        var state = await WriteAsync(storage, Id, "1");
        _database.Time.Advance(TimeSpan.FromMinutes(9));
        await storage.WriteStateAsync("s", Id, state);
        _database.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.True((await ReadAsync(storage, Id)).RecordExists);
        _database.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.False((await ReadAsync(storage, Id)).RecordExists);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Id, state));
        await WriteAsync(storage, Id, "2");
    }

    [Fact]
    public async Task Without_an_expiry_a_record_is_kept()
    {
        await WriteAsync(_database.Storage(), Id, "1");
        _database.Time.Advance(TimeSpan.FromDays(10_000));
        Assert.True((await ReadAsync(_database.Storage(), Id)).RecordExists);
    }

    [Fact]
    public async Task A_job_counts_for_its_customer_until_it_has_expired()
    {
        var storage = _database.Storage(expiry: TimeSpan.FromHours(1));
        var job = new GrainState<JobRecord> { State = JobOf("acme") };
        await storage.WriteStateAsync("job", Id, job);
        await storage.WriteStateAsync("job", Id, job);
        await storage.WriteStateAsync("job", GrainId.Create("job", "globex/a"), new GrainState<JobRecord> { State = JobOf("globex") });
        Assert.Equal(
            [("acme", (long)JobOf("acme").Size), ("globex", JobOf("globex").Size)],
            _database.Database.ReadSizes().OrderBy(size => size.Key).Select(size => (size.Key, size.Value)));
        Assert.Empty(_database.Dropped);

        // One is dropped by the job that takes its place, the other one by the clean-up.
        _database.Time.Advance(TimeSpan.FromHours(2));
        await storage.WriteStateAsync("job", Id, new GrainState<JobRecord> { State = JobOf("acme") });
        await WriteAsync(storage, GrainId.Create("job", "x"), "x");
        await Harness.Eventually.TrueAsync(() => _database.Dropped.Count == 2, "both are dropped");
        Assert.Equal(JobOf("acme").Size, _database.Dropped["acme"]);
        Assert.Equal(JobOf("globex").Size, _database.Dropped["globex"]);
        Assert.Equal("acme", Assert.Single(_database.Database.ReadSizes()).Key);
    }

    [Fact]
    public async Task What_has_not_ended_is_known_the_oldest_first()
    {
        var storage = _database.Storage();
        var job = new GrainState<JobRecord> { State = JobOf("acme") };
        await storage.WriteStateAsync("job", Id, job);
        await WriteAsync(storage, GrainId.Create("taskline", "acme/t"), "a");
        await storage.WriteStateAsync("s", GrainId.Create("taskline", "acme/empty"), new GrainState<TaskQueue> { State = new() });
        Assert.Equal([Id.ToString(), "taskline/acme/t"], _database.Database.ReadUnfinished().Select(key => key.Grain));

        job.State = job.State!.Ended(
            new() { Lifecycle = Lifecycle.Finished, State = JobState.Success, Output = "[]"u8.ToArray(), Result = "{}"u8.ToArray() }, default);
        await storage.WriteStateAsync("job", Id, job);
        Assert.Equal(["taskline/acme/t"], _database.Database.ReadUnfinished().Select(key => key.Grain));
    }

    private static JobRecord JobOf(string customer) => JobRecord.Fenced(
        new JobSpec
        {
            JobId = "61f3e937c38201da80f96c27",
            Customer = customer,
            TaskId = "t",
            TaskName = "t",
            Type = Tasks.TaskType.Script,
            Arguments = "[]"u8.ToArray(),
            User = new JobUser("u", "u@example.com"),
            CreatedAt = DateTimeOffset.UnixEpoch,
        },
        Guid.Empty,
        SiloAddress.Zero,
        default);

    private static GrainState<TaskQueue> New(string job, string? etag = null) => new(new TaskQueue { Jobs = [job] }) { ETag = etag };

    private static async Task<GrainState<TaskQueue>> WriteAsync(SqliteGrainStorage storage, GrainId id, string job)
    {
        var state = New(job);
        await storage.WriteStateAsync("s", id, state);
        return state;
    }

    private static async Task<GrainState<TaskQueue>> ReadAsync(SqliteGrainStorage storage, GrainId id)
    {
        var state = new GrainState<TaskQueue>();
        await storage.ReadStateAsync("s", id, state);
        return state;
    }
}

public sealed class SqliteFileStorageTests() : SqliteGrainStorageTests(isInMemory: false);

public sealed class SqliteMemoryStorageTests() : SqliteGrainStorageTests(isInMemory: true);
