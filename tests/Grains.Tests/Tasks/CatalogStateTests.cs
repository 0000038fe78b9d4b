using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Placement;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>When a task's grain reads again what is stored, since another activation may have changed it.</summary>
public sealed class CatalogStateTests
{
    private static readonly SiloAddress Silo = SiloAddress.FromParsableString("127.0.0.1:11111@1");
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UnsettledLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Stored _stored = new();
    private readonly CatalogState<string> _state;
    private long _version = 1;

    public CatalogStateTests()
    {
        var membership = StandIn.Of<IClusterMembershipService>(_ =>
            new ClusterMembershipSnapshot(ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new(_version)));
        var owners = new JobOwners(membership, StandIn.Of<ILocalSiloDetails>(_ => Silo), _time);
        _state = new(_stored, owners);
        _time.Advance(Settling);
        _stored.Store("old");
    }

    [Fact]
    public async Task A_state_is_not_read_again_in_a_settled_cluster()
    {
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();

        _time.Advance(Limit);
        Assert.Equal("old", await GetAsync());
        Assert.Equal(1, _stored.Reads);
    }

    [Fact]
    public async Task A_change_of_another_activation_is_known_after_a_minute()
    {
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();

        _time.Advance(Limit + Moment);
        Assert.Equal("new", await GetAsync());
    }

    [Fact]
    public async Task A_change_of_another_activation_is_known_once_the_membership_has_changed()
    {
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();

        _version++;
        Assert.Equal("new", await GetAsync());
    }

    [Fact]
    public async Task A_change_of_another_activation_is_known_after_a_second_while_silos_may_not_know_the_membership()
    {
        _version++;
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();

        _time.Advance(UnsettledLimit);
        Assert.Equal("old", await GetAsync());
        _time.Advance(Moment);
        Assert.Equal("new", await GetAsync());
    }

    [Fact]
    public async Task A_change_of_another_activation_is_known_once_all_silos_know_the_membership()
    {
        _version++;
        _ = await GetAsync();
        _time.Advance(Settling - Moment);
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();

        _time.Advance(Moment);
        Assert.Equal("new", await GetAsync());
    }

    [Fact]
    public async Task A_change_during_a_read_of_which_the_membership_changes_is_known()
    {
        _version++;
        _stored.DuringNext = () => _version++;
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();

        Assert.Equal("new", await GetAsync());
    }

    [Fact]
    public async Task What_is_deleted_elsewhere_is_gone()
    {
        Assert.Equal("old", await GetAsync());
        _stored.Store(null);

        _version++;
        Assert.Null(await GetAsync());
        Assert.Null(_state.Known);
    }

    [Fact]
    public async Task A_state_that_can_not_be_read_again_is_not_given_for_current_but_stays_known()
    {
        Assert.Equal("old", await GetAsync());
        ChangeElsewhere();
        _version++;
        _stored.DuringNext = () => throw new OrleansException("Storage can't be reached.");

        await Assert.ThrowsAsync<OrleansException>(GetAsync);
        Assert.Equal("old", _state.Known);
        Assert.Equal("new", await GetAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_whose_outcome_is_unknown_is_followed_by_a_read(bool isClear)
    {
        Assert.Equal("old", await GetAsync());
        _stored.DuringNext = () => throw new OrleansException("Storage does not answer.");

        await Assert.ThrowsAsync<OrleansException>(() => isClear ? _state.ClearAsync() : _state.SetAsync("unknown"));
        Assert.Null(_state.Known);
        Assert.Equal("old", await GetAsync());
    }

    [Fact]
    public async Task What_was_written_is_known_without_a_read()
    {
        Assert.Equal("old", await GetAsync());
        await _state.SetAsync("written");
        Assert.Equal("written", await GetAsync());
        await _state.ClearAsync();
        Assert.Null(await GetAsync());
        Assert.Equal(1, _stored.Reads);
    }

    private Task<string?> GetAsync() => _state.GetAsync().AsTask();

    private void ChangeElsewhere() => _stored.Store("new");

    /// <summary>What one activation knows of a state, and what is stored of it.</summary>
    private sealed class Stored : IPersistentState<string>
    {
        private string? _known;
        private string? _inStorage;

        /// <summary>Runs before the next operation has an outcome.</summary>
        public Action DuringNext { get; set; } = () => { };

        public int Reads { get; private set; }

        public string State
        {
            get => _known ?? throw new InvalidOperationException("There is none.");
            set => _known = value;
        }

        public string? Etag => null;

        public bool RecordExists { get; private set; }

        /// <summary>Has another activation store something, or delete it.</summary>
        public void Store(string? value) => _inStorage = value;

        public Task ReadStateAsync()
        {
            Reads++;
            Begin();
            Learn(_inStorage);
            return Task.CompletedTask;
        }

        public Task WriteStateAsync()
        {
            Begin();
            _inStorage = _known;
            Learn(_known);
            return Task.CompletedTask;
        }

        public Task ClearStateAsync()
        {
            Begin();
            _inStorage = null;
            Learn(null);
            return Task.CompletedTask;
        }

        private void Begin()
        {
            var during = DuringNext;
            DuringNext = () => { };
            during();
        }

        private void Learn(string? value) => (_known, RecordExists) = (value, value is not null);
    }
}
