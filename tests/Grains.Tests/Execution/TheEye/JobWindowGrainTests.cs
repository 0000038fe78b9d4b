using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution.TheEye;
using SyncCluster.Harness;

namespace SyncCluster.Grains.Tests.Execution.TheEye;

/// <summary>For how long a call that asks for a place waits for the answer.</summary>
public sealed class JobWindowGrainTests
{
    private static readonly TimeSpan LongestAsk = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly JobWindowGrain _grain;

    public JobWindowGrainTests() => _grain = new(
        StandIn.Of<IGrainContext>(_ => GrainId.Create("jobwindow", "demo/greet")),
        null!,
        null!,
        Options.Create(new TheEyeOptions()),
        _time,
        NullLogger<JobWindowGrain>.Instance);

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

    /// <summary>A ticket that has asked once, and was told that the first one has the only place.</summary>
    private async Task<WindowTicket> NewQueuedTicketAsync()
    {
        Assert.True(await _grain.Enter(NewTicket("first")).WaitAsync(Limit));
        var ticket = NewTicket("second");
        Assert.False(await _grain.Enter(ticket).WaitAsync(Limit));
        return ticket with { IsRepeated = true };
    }

    private static WindowTicket NewTicket(string id) => new(id, "", 1);
}
