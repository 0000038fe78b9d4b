using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Backends.Local;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Backends.Local;

public sealed class TaskReaderTests
{
    /// <summary>What Orleans throws for a grain of a lost silo: no answer, a stopped silo, and no new place for the grain in time.</summary>
    public static TheoryData<Exception> ClusterFaults =>
        [new TimeoutException(), new OrleansException(), new OperationCanceledException("Message expired before placement."), new ObjectDisposedException("silo")];

    private readonly ShiftedClock _clock = new();

    [Theory]
    [MemberData(nameof(ClusterFaults), DisableDiscoveryEnumeration = true)]
    public async Task A_task_whose_silo_is_lost_is_read_from_the_next(Exception fault)
    {
        var task = new TaskDefinition { Id = "greet", Customer = "acme", Name = "Greet", Type = TaskType.Script };
        var attempts = 0;
        var reader = Reader(() => attempts++ == 0 ? Task.FromException<TaskDefinition?>(fault) : Task.FromResult<TaskDefinition?>(task));

        Assert.Same(task, await reader.FindAsync("acme", "greet", Minute, CancellationToken.None));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task The_patience_with_a_storage_begins_when_it_is_known_to_be_away()
    {
        var task = new TaskDefinition { Id = "greet", Customer = "acme", Name = "Greet", Type = TaskType.Script };
        var attempts = 0;
        var reader = Reader(() =>
        {
            if (++attempts <= 2)
            {
                _clock.Forward(TimeSpan.FromSeconds(5));
                return Task.FromException<TaskDefinition?>(new TimeoutException());
            }

            return attempts switch
            {
                <= 4 => Task.FromException<TaskDefinition?>(new OrleansException("Storage can't be reached.")),
                _ => Task.FromResult<TaskDefinition?>(task),
            };
        });

        Assert.Same(task, await reader.FindAsync("acme", "greet", Minute, CancellationToken.None));
        Assert.Equal(5, attempts);
    }

    [Fact]
    public async Task A_storage_that_stays_away_is_reported_after_the_patience()
    {
        var attempts = 0;
        var reader = Reader(() =>
        {
            _clock.Forward(attempts++ == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(5));
            return Task.FromException<TaskDefinition?>(new OrleansException("Storage can't be reached."));
        });

        await Assert.ThrowsAsync<OrleansException>(() => reader.FindAsync("acme", "greet", Minute, CancellationToken.None));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task A_fault_of_the_task_itself_is_not_tried_again()
    {
        var attempts = 0;
        var reader = Reader(() =>
        {
            attempts++;
            return Task.FromException<TaskDefinition?>(new InvalidOperationException());
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => reader.FindAsync("acme", "greet", Minute, CancellationToken.None));
        Assert.Equal(1, attempts);
    }

    private Deadline Minute => new(_clock, TimeSpan.FromMinutes(1));

    private TaskReader Reader(Func<Task<TaskDefinition?>> get)
    {
        var grain = StandIn.Of<ITaskGrain>(method => method.Name == nameof(ITaskGrain.Get) ? get() : throw new NotSupportedException());
        var grains = StandIn.Of<IGrainFactory>(_ => grain);
        return new(new TaskCatalog(grains, new TaskNames(TimeProvider.System)), Options.Create(new WaitingOptions()), _clock);
    }
}
