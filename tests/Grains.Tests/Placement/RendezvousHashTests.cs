using System.Net;
using SyncCluster.Jobs;
using SyncCluster.Placement;

namespace SyncCluster.Grains.Tests.Placement;

/// <summary>Which silo owns which job, by computing.</summary>
public sealed class RendezvousHashTests
{
    private const int Jobs = 100_000;

    private static readonly uint[] Hashes =
        [.. Enumerable.Range(0, Jobs).Select(_ => GrainId.Create(JobGrain.Type, JobKey.Of("demo", JobId.New())).GetUniformHashCode())];

    [Theory]
    [InlineData("ports of one machine")]
    [InlineData("machines of one network")]
    public void Four_silos_own_a_quarter_of_the_jobs_each(string names)
    {
        int[] silos = [.. Enumerable.Range(1, 4).Select(number => Silo(names, number))];
        var owned = Hashes.CountBy(hash => RendezvousHash.IndexOf(hash, silos)).ToDictionary();
        Assert.All(Enumerable.Range(0, 4), silo => Assert.InRange(owned[silo], 0.22 * Jobs, 0.28 * Jobs));
    }

    [Fact]
    public void A_silo_that_joins_takes_its_share_and_no_other_job_moves()
    {
        int[] silos = [.. Enumerable.Range(1, 4).Select(number => Silo("ports of one machine", number))];
        var (moved, elsewhere) = (0, 0);
        foreach (var hash in Hashes)
        {
            var (before, after) = (RendezvousHash.IndexOf(hash, silos.AsSpan(0, 3)), RendezvousHash.IndexOf(hash, silos));
            moved += after == 3 ? 1 : 0;
            elsewhere += after != 3 && after != before ? 1 : 0;
        }

        Assert.InRange(moved, 0.22 * Jobs, 0.28 * Jobs);
        Assert.Equal(0, elsewhere);
    }

    [Fact]
    public void The_order_in_which_silos_are_known_does_not_matter()
    {
        int[] silos = [.. Enumerable.Range(1, 4).Select(number => Silo("ports of one machine", number))];
        int[] reversed = [.. silos.Reverse()];
        Assert.All(
            Hashes.Take(1_000), hash => Assert.Equal(silos[RendezvousHash.IndexOf(hash, silos)], reversed[RendezvousHash.IndexOf(hash, reversed)]));
    }

    [Fact]
    public void Without_silos_there_is_no_owner() => Assert.Equal(-1, RendezvousHash.IndexOf(Hashes[0], []));

    private static int Silo(string names, int number) => (names == "ports of one machine"
        ? SiloAddress.New(IPAddress.Loopback, 11110 + number, 130_000_000 + number)
        : SiloAddress.New(new IPAddress([10, 0, 0, (byte)number]), 11111, 130_000_000)).GetConsistentHashCode();
}
