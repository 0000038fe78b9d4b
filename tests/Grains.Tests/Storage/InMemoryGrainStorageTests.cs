using Microsoft.Extensions.Time.Testing;
using Orleans.Storage;
using SyncCluster.Storage;

namespace SyncCluster.Grains.Tests.Storage;

public sealed class InMemoryGrainStorageTests
{
    private static readonly GrainId Id = GrainId.Create("job", "a");
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_written_record_is_read_back()
    {
        using var storage = Of(new());
        var written = await WriteAsync(storage, Id, new Small("x"));
        var read = await ReadAsync(storage, Id);
        Assert.Same(written.State, read.State);
        Assert.Equal((written.ETag, true), (read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task A_record_that_was_never_written_does_not_exist()
    {
        using var storage = Of(new());
        var read = await ReadAsync(storage, Id);
        Assert.Null(read.State);
        Assert.Equal((null, false), (read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task Each_state_name_of_each_grain_has_its_own_record()
    {
        using var storage = Of(new());
        await storage.WriteStateAsync("one", Id, new GrainState<Small> { State = new("1") });
        await storage.WriteStateAsync("two", Id, new GrainState<Small> { State = new("2") });
        await storage.WriteStateAsync("one", GrainId.Create("job", "b"), new GrainState<Small> { State = new("3") });
        var read = new GrainState<Small>();
        await storage.ReadStateAsync("one", Id, read);
        Assert.Equal("1", read.State!.Text);
    }

    [Fact]
    public async Task A_write_with_an_old_ETag_is_rejected_and_changes_nothing()
    {
        using var storage = Of(new());
        var first = await WriteAsync(storage, Id, new Small("1"));
        var old = first.ETag;
        first.State = new Small("2");
        await storage.WriteStateAsync("s", Id, first);

        var late = new GrainState<Small> { State = new("late"), ETag = old };
        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Id, late));
        Assert.Equal((first.ETag, old), (conflict.StoredEtag, conflict.CurrentEtag));
        Assert.Equal(old, late.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("s", Id, late));
        Assert.Equal("2", (await ReadAsync(storage, Id)).State!.Text);
    }

    [Fact]
    public async Task A_record_is_created_only_once()
    {
        using var storage = Of(new());
        await WriteAsync(storage, Id, new Small("1"));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(storage, Id, new Small("2")));
    }

    [Fact]
    public async Task A_write_to_a_cleared_record_is_rejected()
    {
        using var storage = Of(new());
        var state = await WriteAsync(storage, Id, new Small("1"));
        var old = state.ETag;
        await storage.ClearStateAsync("s", Id, state);
        Assert.Equal((null, false), (state.ETag, state.RecordExists));
        await Assert.ThrowsAsync<InconsistentStateException>(
            () => storage.WriteStateAsync("s", Id, new GrainState<Small> { State = new("2"), ETag = old }));
        Assert.False((await ReadAsync(storage, Id)).RecordExists);
        await WriteAsync(storage, Id, new Small("3"));
    }

    [Fact]
    public async Task One_of_many_concurrent_writers_wins()
    {
        using var storage = Of(new());
        string? etag = null;
        for (var round = 0; round < 100; round++)
        {
            var writers = Enumerable.Range(0, 8).Select(number => new GrainState<Small> { State = new($"{number}"), ETag = etag }).ToArray();
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
        using var storage = Of(new() { Expiry = TimeSpan.FromMinutes(10) });
        var state = await WriteAsync(storage, Id, new Small("1"));
        _time.Advance(TimeSpan.FromMinutes(9));
        await storage.WriteStateAsync("s", Id, state);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True((await ReadAsync(storage, Id)).RecordExists);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.False((await ReadAsync(storage, Id)).RecordExists);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("s", Id, state));
        await WriteAsync(storage, Id, new Small("2"));
    }

    [Fact]
    public async Task Without_an_expiry_a_record_is_kept()
    {
        using var storage = Of(new());
        await WriteAsync(storage, Id, new Small("1"));
        _time.Advance(TimeSpan.FromDays(10_000));
        Assert.True((await ReadAsync(storage, Id)).RecordExists);
    }

    [Fact]
    public async Task Below_the_limit_nothing_is_evicted()
    {
        using var storage = Of(new() { SizeLimit = 100_000 });
        for (var number = 0; number < 100; number++)
        {
            await WriteAsync(storage, Numbered(number), new Sized(1000, MayBeEvicted: true));
        }

        Assert.Equal(100, await CountAsync(storage, 100));
    }

    [Fact]
    public async Task Above_the_limit_the_oldest_ended_records_are_evicted()
    {
        using var storage = Of(new() { SizeLimit = 100_000 });
        for (var number = 0; number < 200; number++)
        {
            await WriteAsync(storage, Numbered(number), new Sized(1000, MayBeEvicted: true));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(await CountAsync(storage, 200), 1, 150);
        Assert.True((await ReadAsync(storage, Numbered(199))).RecordExists);
        Assert.False((await ReadAsync(storage, Numbered(0))).RecordExists);
    }

    [Fact]
    public async Task A_customer_that_stores_much_has_only_its_own_records_evicted()
    {
        var bytes = new StoredBytes();
        using var storage = new InMemoryGrainStorage(new() { SizeLimit = 100_000 }, _time, bytes);
        for (var number = 0; number < 30; number++)
        {
            await WriteAsync(storage, Numbered(number), new Sized(1000, MayBeEvicted: true, "small"));
        }

        for (var number = 30; number < 500; number++)
        {
            bytes.Add("large", 1000);
            await WriteAsync(storage, Numbered(number), new Sized(1000, MayBeEvicted: true, "large"));
        }

        Assert.Equal(30, await CountAsync(storage, 30));
        var all = await CountAsync(storage, 500);
        Assert.InRange(all, 80, 100);
        Assert.Equal((all - 30) * 1000, bytes.Of("large"));
    }

    [Fact]
    public async Task A_record_that_was_read_lately_is_evicted_later()
    {
        using var storage = Of(new() { SizeLimit = 100_000 });
        for (var number = 0; number < 101; number++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            if (number == 100)
            {
                await ReadAsync(storage, Numbered(0));
            }

            await WriteAsync(storage, Numbered(number), new Sized(1000, MayBeEvicted: true));
        }

        Assert.Equal((true, false), ((await ReadAsync(storage, Numbered(0))).RecordExists, (await ReadAsync(storage, Numbered(1))).RecordExists));
    }

    [Fact]
    public async Task Above_the_limit_an_unfinished_record_is_kept()
    {
        using var storage = Of(new() { SizeLimit = 100_000 });
        for (var number = 0; number < 200; number++)
        {
            await WriteAsync(storage, Numbered(number), new Sized(1000, MayBeEvicted: false));
        }

        Assert.Equal(200, await CountAsync(storage, 200));
    }

    [Fact]
    public async Task The_size_of_a_record_that_is_written_often_counts_once()
    {
        using var storage = Of(new() { SizeLimit = 10_000 });
        await WriteAsync(storage, Numbered(1), new Sized(1000, MayBeEvicted: true));
        GrainState<Sized> state = new();
        for (var times = 0; times < 1000; times++)
        {
            state.State = new Sized(1000, MayBeEvicted: true);
            await storage.WriteStateAsync("s", Id, state);
        }

        Assert.True((await ReadAsync(storage, Numbered(1))).RecordExists);
    }

    private static GrainId Numbered(int number) => GrainId.Create("job", $"{number}");

    private static async Task<GrainState<T>> WriteAsync<T>(InMemoryGrainStorage storage, GrainId id, T record)
    {
        var state = new GrainState<T> { State = record };
        await storage.WriteStateAsync("s", id, state);
        return state;
    }

    private static async Task<GrainState<Small>> ReadAsync(InMemoryGrainStorage storage, GrainId id)
    {
        var state = new GrainState<Small>();
        await storage.ReadStateAsync("s", id, state);
        return state;
    }

    private static async Task<int> CountAsync(InMemoryGrainStorage storage, int numbers)
    {
        var count = 0;
        for (var number = 0; number < numbers; number++)
        {
            count += (await ReadAsync(storage, Numbered(number))).RecordExists ? 1 : 0;
        }

        return count;
    }

    private InMemoryGrainStorage Of(InMemoryStorageOptions options) => new(options, _time);

    private record Small(string Text);

    private sealed record Sized(int Size, bool MayBeEvicted, string Customer = "acme") : Small("sized"), IEvictable;
}
