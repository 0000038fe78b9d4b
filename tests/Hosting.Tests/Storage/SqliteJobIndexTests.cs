using SyncCluster.Hosting.Storage;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Hosting.Tests.Storage;

/// <summary>The index of jobs in SQLite: a column of their records.</summary>
public abstract class SqliteJobIndexTests : IDisposable
{
    private const string Customer = "acme";

    private readonly TestDatabase _database;
    private readonly SqliteGrainStorage _storage;
    private readonly SqliteJobIndex _index;
    private readonly Random _random = new(7);

    protected SqliteJobIndexTests(bool isInMemory)
    {
        _database = new(isInMemory);
        _storage = _database.Storage(expiry: TimeSpan.FromHours(24));
        _index = new(_database.Database);
    }

    public void Dispose()
    {
        _database.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Jobs_are_found_in_their_order_a_page_at_a_time_by_any_filter(bool isAscending)
    {
        var jobs = Enumerable.Range(0, 300).Select(number => NewJob(isEnded: number % 3 > 0)).ToArray();
        await Task.WhenAll(jobs.Append(NewJob(isEnded: true, "globex")).Select(job => WriteAsync(job)));
        var entries = jobs.Select(JobEntry.Of).Order(Comparer<JobEntry>.Create((one, other) => one.Position.CompareTo(other.Position))).ToArray();
        var ordered = isAscending ? entries : [.. entries.Reverse()];
        var query = new JobQuery { Viewer = new(true, []) };
        JobQuery[] queries =
        [
            query,
            query with { Tasks = ["3", "4"] },
            query with { Callers = ["user-1"] },
            query with { Lifecycles = [Lifecycle.Terminated] },
            query with { Lifecycles = JobQuery.Unfinished },
            query with { States = [JobState.Failure, JobState.Timeout] },
            query with { Since = _database.Time.GetUtcNow().AddHours(-7), Until = _database.Time.GetUtcNow().AddHours(-3) },
            query with
            {
                Tasks = ["0", "1", "2"],
                Callers = ["user-0", "user-1"],
                Lifecycles = [Lifecycle.Finished],
                States = [JobState.Success],
                Since = _database.Time.GetUtcNow().AddHours(-8),
            },
            query with { Tasks = ["none"] },
            query with { Tasks = [] },
        ];
        foreach (var filter in queries.Select(JobFilter.Of))
        {
            Assert.Equal(ordered.Where(entry => filter.Admits(entry)), await FindAllAsync(filter, isAscending, pageSize: 20));
        }

        Assert.All(queries[..^2], some => Assert.InRange(ordered.Count(entry => JobFilter.Of(some).Admits(entry)), 1, 300));
    }

    [Fact]
    public async Task What_is_left_out_is_asked_for_each_entry_in_its_order()
    {
        var jobs = Enumerable.Range(0, 100).Select(number => NewJob(isEnded: number % 3 > 0)).ToArray();
        await Task.WhenAll(jobs.Select(job => WriteAsync(job)));
        var ordered = jobs.Select(JobEntry.Of).OrderByDescending(entry => entry.Position).ToArray();
        var asked = new List<JobEntry>();
        var found = await _index.FindAsync(Customer, JobFilter.Of(new() { Viewer = new(true, []) }), new(null, IsAscending: false), 10, entry =>
        {
            asked.Add(entry);
            return asked.Count <= 70;
        });
        Assert.Equal(ordered.Skip(70).Take(10), found.Entries);
        Assert.Equal(ordered.Take(80), asked);
        Assert.Equal(found.Entries[^1].Position, found.Next);
    }

    [Fact]
    public async Task Each_customer_that_has_jobs_is_named()
    {
        Assert.Empty(await _index.FindCustomersAsync());
        await Task.WhenAll(new[] { NewJob(isEnded: true), NewJob(isEnded: false), NewJob(isEnded: true, "globex") }.Select(job => WriteAsync(job)));
        Assert.Equal([Customer, "globex"], (await _index.FindCustomersAsync()).Order());
    }

    [Fact]
    public async Task The_entry_of_a_job_changes_with_its_record_and_goes_with_it()
    {
        var (ended, filter) = (NewJob(isEnded: true), JobFilter.Of(new() { Viewer = new(true, []) }));
        var state = await WriteAsync(ended with { Lifecycle = Lifecycle.Assigned, State = JobState.InProgress });
        Assert.Equal([JobEntry.Of(ended).ToUnfinished()], await FindAllAsync(filter));
        state.State = ended;
        await _storage.WriteStateAsync(JobStore.StateName, IdOf(ended), state);
        Assert.Equal([JobEntry.Of(ended)], await FindAllAsync(filter));
        Assert.Contains(nameof(Lifecycle), JobEntry.Of(ended).ToString(), StringComparison.Ordinal);
        state.State = ended.Removed(_database.Time.GetUtcNow());
        await _storage.WriteStateAsync(JobStore.StateName, IdOf(ended), state);
        Assert.Empty(await FindAllAsync(filter));

        var other = await WriteAsync(NewJob(isEnded: true));
        Assert.Single(await FindAllAsync(filter));
        await _storage.ClearStateAsync(JobStore.StateName, IdOf(other.State!), other);
        Assert.Empty(await FindAllAsync(filter));
    }

    [Fact]
    public async Task A_job_that_TheEye_runs_is_in_no_list_here()
    {
        var job = NewJob(isEnded: false);
        await WriteAsync(job with { Spec = job.Spec with { Origin = JobOrigin.AllocatedAtTheEye } });
        Assert.Empty(await FindAllAsync(JobFilter.Of(new() { Viewer = new(true, []) })));
    }

    private static GrainId IdOf(JobRecord job) => GrainId.Create("job", $"{job.Spec.Customer}/{job.Spec.JobId}");

    private async Task<GrainState<JobRecord>> WriteAsync(JobRecord job)
    {
        var state = new GrainState<JobRecord>(job);
        await _storage.WriteStateAsync(JobStore.StateName, IdOf(job), state);
        return state;
    }

    /// <summary>A job of the last 10 hours.</summary>
    private JobRecord NewJob(bool isEnded, string customer = Customer)
    {
        var now = _database.Time.GetUtcNow();
        var job = JobRecord.Fenced(
            new JobSpec
            {
                JobId = Convert.ToHexStringLower(Bytes(12)),
                Customer = customer,
                TaskId = $"{_random.Next(5)}",
                TaskName = "t",
                Type = Tasks.TaskType.Script,
                Arguments = "[]"u8.ToArray(),
                User = new JobUser($"user-{_random.Next(3)}", ""),
                CreatedAt = now.AddHours(-10 * _random.NextDouble()),
            },
            Guid.Empty,
            SiloAddress.Zero,
            now);
        return isEnded
            ? job with
            {
                Lifecycle = _random.Next(2) == 0 ? Lifecycle.Finished : Lifecycle.Terminated,
                State = (JobState)_random.Next((int)JobState.Success, (int)JobState.Error + 1),
                Document = "{}"u8.ToArray(),
            }
            : job;
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private async Task<List<JobEntry>> FindAllAsync(JobFilter filter, bool isAscending = false, int pageSize = 10)
    {
        var found = new List<JobEntry>();
        JobPosition? after = null;
        do
        {
            var page = await _index.FindAsync(Customer, filter, new(after, isAscending), pageSize);
            found.AddRange(page.Entries);
            after = page.Next;
        }
        while (after is not null);
        return found;
    }
}

public sealed class SqliteFileJobIndexTests() : SqliteJobIndexTests(isInMemory: false);

public sealed class SqliteMemoryJobIndexTests() : SqliteJobIndexTests(isInMemory: true);
