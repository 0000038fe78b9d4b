using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution.Local;
using SyncCluster.Grains.Tests.Jobs;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Execution.Local;

/// <summary>The places of a silo with room for one job, and what other silos reserve of them.</summary>
public sealed class HeldJobsTests
{
    private static readonly JobSpec Job = JobSamples.Spec();

    private readonly FakeTimeProvider _clock = new();
    private readonly HeldJobs _held;

    public HeldJobsTests() => _held = new(Options.Create(new LocalExecutorOptions { Concurrency = 1, QueueLimit = 0 }), _clock);

    [Fact]
    public void What_another_silo_has_reserved_is_taken_until_it_is_canceled()
    {
        var reservation = Reserve();
        Assert.False(_held.TryReserve(Job));
        _held.CancelReservation(reservation);
        _held.CancelReservation(reservation);
        Assert.True(_held.TryReserve(Job));
        Assert.False(_held.TryReserve(Guid.NewGuid(), Job.Customer, Job.Depth));
    }

    [Fact]
    public void A_reservation_that_was_used_is_the_jobs_until_its_end()
    {
        var reservation = Reserve();
        Assert.True(_held.TryUse(reservation, Job));
        var job = _held.Add(Job, Guid.NewGuid(), 0);
        _held.CancelReservation(reservation);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.False(_held.TryReserve(Job));
        _held.Remove(job);
        Assert.True(_held.TryReserve(Job));
    }

    [Fact]
    public void A_reservation_lapses_after_ten_seconds_if_its_place_is_needed()
    {
        var reservation = Reserve();
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(_held.TryReserve(Job));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_held.TryReserve(Job));
        Assert.False(_held.TryUse(reservation, Job));
        _held.CancelReservation(Job);
        Assert.True(_held.TryUse(reservation, Job));
    }

    private Guid Reserve()
    {
        var reservation = Guid.NewGuid();
        Assert.True(_held.TryReserve(reservation, Job.Customer, Job.Depth));
        return reservation;
    }
}
