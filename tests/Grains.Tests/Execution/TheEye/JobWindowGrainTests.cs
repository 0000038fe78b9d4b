using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Timers;
using SyncCluster.Execution.TheEye;
using SyncCluster.Harness;
using SyncCluster.Placement;
using SyncCluster.Quotas;

namespace SyncCluster.Grains.Tests.Execution.TheEye;

/// <summary>For how long a call that asks for a place waits for the answer, and when a new grain lets none in.</summary>
public sealed class JobWindowGrainTests
{
    private static readonly TimeSpan LongestAsk = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(10);
    private static readonly SiloAddress[] Silos = [.. Enumerable.Range(1, 2).Select(port => SiloAddress.FromParsableString($"127.0.0.1:{port}@1"))];

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly JobOwners _owners;
    private readonly JobWindowGrain _grain;
    private ClusterMembershipSnapshot _membership = NewMembership(1, SiloStatus.Active, SiloStatus.Active);
    private bool _silosAnswer = true;

    /// <summary>The grain's timer.</summary>
    private Func<Task> _check = () => throw new InvalidOperationException("The grain has no timer.");

    public JobWindowGrainTests()
    {
        var membership = StandIn.Of<IClusterMembershipService>(_ => _membership);
        var timers = StandIn.Of<ITimerRegistry>((_, arguments) =>
        {
            // The grain, the callback, its state and the options.
            _check = () => (Task)((Delegate)arguments[1]!).DynamicInvoke(arguments[2], CancellationToken.None)!;
            return null;
        });
        var services = new ServiceCollection().AddSingleton(timers).BuildServiceProvider();
        var context = StandIn.Of<IGrainContext>(method =>
            method.Name == $"get_{nameof(IGrainContext.ActivationServices)}" ? services : GrainId.Create("jobwindow", "demo/greet"));
        var inventories = StandIn.Of<IGrainFactory>(_ => StandIn.Of<ISiloInventory>(_ =>
            _silosAnswer ? Task.FromResult<CountedJob[]>([]) : Task.FromException<CountedJob[]>(new TimeoutException())));
        _owners = new JobOwners(membership, StandIn.Of<ILocalSiloDetails>(_ => Silos[0]), _time);
        _owners.Update();
        _grain = new(
            context,
            null!,
            new(inventories, membership, NullLogger<SiloInventoryClient>.Instance),
            _owners,
            Options.Create(new TheEyeOptions()),
            _time,
            NullLogger<JobWindowGrain>.Instance);
    }

    [Fact]
    public async Task A_call_that_finds_no_place_is_told_so_at_once_and_may_wait_then()
    {
        var ticket = await NewQueuedTicketAsync();

        var repeated = _grain.Enter(ticket);
        _time.Advance(LongestAsk - Moment);
        Assert.False(repeated.IsCompleted);
        _time.Advance(Moment);
        Assert.False(await repeated.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_call_that_waits_hears_of_its_place_at_once()
    {
        var ticket = await NewQueuedTicketAsync();

        var repeated = _grain.Enter(ticket);
        await _grain.Withdraw("first");
        Assert.True(await repeated.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_place_that_came_free_between_two_questions_is_kept_for_the_call()
    {
        var ticket = await NewQueuedTicketAsync();
        await _grain.Withdraw("first");

        Assert.False(await _grain.Enter(NewTicket("third")).WaitAsync(Limit));
        Assert.True(await _grain.Enter(ticket).WaitAsync(Limit));
    }

    [Fact]
    public async Task A_new_grain_lets_a_call_in_at_once()
    {
        await _grain.OnActivateAsync(CancellationToken.None);
        Assert.True(await _grain.Enter(NewTicket("first")));
    }

    /// <summary>The jobs of the silo may not have been found again by then, and another call would have TheEye delete their answers.</summary>
    [Theory]
    [InlineData(SiloStatus.Dead)]
    [InlineData(SiloStatus.ShuttingDown)]
    public async Task A_grain_that_is_new_after_a_silo_was_lost_lets_no_call_in_for_a_while(SiloStatus status)
    {
        _membership = NewMembership(2, SiloStatus.Active, status);
        await _grain.OnActivateAsync(CancellationToken.None);

        Assert.False(await _grain.Enter(NewTicket("first")));
        _time.Advance(SettleTime - Moment);
        await _check();
        Assert.False(await _grain.Enter(NewTicket("first")));
        _time.Advance(Moment);
        await _check();
        Assert.True(await _grain.Enter(NewTicket("first")));
    }

    [Fact]
    public async Task A_new_grain_lets_no_call_in_once_its_silo_sees_that_another_one_was_lost()
    {
        await _grain.OnActivateAsync(CancellationToken.None);
        _membership = NewMembership(2, SiloStatus.Active, SiloStatus.Dead);

        Assert.False(await _grain.Enter(NewTicket("first")));
    }

    [Fact]
    public async Task A_grain_that_lets_no_call_in_waits_for_longer_if_another_silo_is_lost_meanwhile()
    {
        See(2, SiloStatus.Dead);
        await _grain.OnActivateAsync(CancellationToken.None);
        See(3, SiloStatus.Active);
        _time.Advance(SettleTime - Moment);
        See(4, SiloStatus.Dead);

        _time.Advance(Moment);
        await _check();
        Assert.False(await _grain.Enter(NewTicket("first")));
        _time.Advance(SettleTime);
        await _check();
        Assert.True(await _grain.Enter(NewTicket("first")));
    }

    [Fact]
    public async Task A_new_grain_lets_calls_in_some_time_after_a_silo_was_lost()
    {
        See(2, SiloStatus.Dead);
        _time.Advance(SettleTime);

        await _grain.OnActivateAsync(CancellationToken.None);
        Assert.True(await _grain.Enter(NewTicket("first")));
    }

    [Fact]
    public async Task A_new_grain_lets_no_call_in_before_all_silos_have_said_which_jobs_they_have()
    {
        _silosAnswer = false;
        await _grain.OnActivateAsync(CancellationToken.None);
        _time.Advance(SettleTime);
        await _check();
        Assert.False(await _grain.Enter(NewTicket("first")));

        _silosAnswer = true;
        await _check();
        Assert.True(await _grain.Enter(NewTicket("first")));
    }

    /// <summary>A ticket that has asked once, and was told that the first one has the only place.</summary>
    private async Task<WindowTicket> NewQueuedTicketAsync()
    {
        Assert.True(await _grain.Enter(NewTicket("first")).WaitAsync(Limit));
        var ticket = NewTicket("second");
        Assert.False(await _grain.Enter(ticket).WaitAsync(Limit));
        return ticket with { IsRepeated = true };
    }

    private static WindowTicket NewTicket(string id) => new(id, "", 1);

    /// <summary>The silo sees how the other one is now.</summary>
    private void See(int version, SiloStatus other)
    {
        _membership = NewMembership(version, SiloStatus.Active, other);
        _owners.Update();
    }

    private static ClusterMembershipSnapshot NewMembership(int version, params SiloStatus[] statuses) =>
        new(Silos.Zip(statuses).ToImmutableDictionary(silo => silo.First, silo => new ClusterMember(silo.First, silo.Second, "")), new(version));
}
