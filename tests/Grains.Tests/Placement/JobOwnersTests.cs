using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Placement;

namespace SyncCluster.Grains.Tests.Placement;

/// <summary>Whether a silo was lost lately: grains that had their state in its memory only must be careful then.</summary>
public sealed class JobOwnersTests
{
    private static readonly SiloAddress Here = SiloAddress.FromParsableString("127.0.0.1:1@1");
    private static readonly SiloAddress Other = SiloAddress.FromParsableString("127.0.0.1:2@1");
    private static readonly TimeSpan Ago = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly JobOwners _owners;
    private ClusterMembershipSnapshot _membership = new(ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new(0));

    public JobOwnersTests()
    {
        _owners = new(StandIn.Of<IClusterMembershipService>(_ => _membership), StandIn.Of<ILocalSiloDetails>(_ => Here), _time);
        _owners.Update();
    }

    [Theory]
    [InlineData(SiloStatus.Dead)]
    [InlineData(SiloStatus.ShuttingDown)]
    [InlineData(SiloStatus.Stopping)]
    public void A_silo_that_leaves_or_dies_was_lost_for_a_while(SiloStatus status)
    {
        See((Here, SiloStatus.Active), (Other, SiloStatus.Active));
        Assert.False(_owners.HasLostSilo(Ago));
        See((Here, SiloStatus.Active), (Other, status));

        Assert.True(_owners.HasLostSilo(Ago));
        _time.Advance(Ago);
        Assert.False(_owners.HasLostSilo(Ago));
    }

    /// <summary>Until then it has had grains in its memory.</summary>
    [Fact]
    public void A_silo_that_has_taken_long_to_leave_is_lost_once_more_at_its_end()
    {
        See((Here, SiloStatus.Active), (Other, SiloStatus.Active));
        See((Here, SiloStatus.Active), (Other, SiloStatus.ShuttingDown));
        _time.Advance(Ago);
        See((Here, SiloStatus.Active), (Other, SiloStatus.Stopping));
        Assert.False(_owners.HasLostSilo(Ago));
        See((Here, SiloStatus.Active), (Other, SiloStatus.Dead));
        Assert.True(_owners.HasLostSilo(Ago));
    }

    [Fact]
    public void A_silo_that_is_no_longer_listed_was_lost_even_if_one_has_joined()
    {
        See((Here, SiloStatus.Active));
        See((Other, SiloStatus.Active));
        Assert.True(_owners.HasLostSilo(Ago));
    }

    [Fact]
    public void A_change_that_follows_does_not_hide_the_loss()
    {
        See((Here, SiloStatus.Active), (Other, SiloStatus.Active));
        See((Here, SiloStatus.Active));
        See((Here, SiloStatus.Active), (Other, SiloStatus.Joining));
        Assert.True(_owners.HasLostSilo(Ago));
    }

    [Fact]
    public void A_silo_that_joins_is_no_loss()
    {
        See((Here, SiloStatus.Active));
        See((Here, SiloStatus.Active), (Other, SiloStatus.Active));
        Assert.False(_owners.HasLostSilo(Ago));
    }

    [Fact]
    public void A_silo_that_has_just_joined_takes_the_dead_for_lost_lately()
    {
        See((Here, SiloStatus.Active), (Other, SiloStatus.Dead));
        Assert.True(_owners.HasLostSilo(Ago));
        _time.Advance(Ago);
        Assert.False(_owners.HasLostSilo(Ago));
    }

    /// <summary>As the silo sees each change of the membership.</summary>
    private void See(params (SiloAddress Silo, SiloStatus Status)[] members)
    {
        _membership = new(
            members.ToImmutableDictionary(member => member.Silo, member => new ClusterMember(member.Silo, member.Status, "")),
            new(_membership.Version.Value + 1));
        _owners.Update();
    }
}
