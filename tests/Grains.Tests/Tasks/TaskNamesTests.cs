using Microsoft.Extensions.Time.Testing;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

public sealed class TaskNamesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly TaskNames _names;
    private readonly Dictionary<string, string> _tasks = new() { ["1"] = "one", ["2"] = "two" };
    private int _reads;

    public TaskNamesTests() => _names = new(_time);

    [Fact]
    public async Task Names_are_read_once_while_the_tasks_are_the_same()
    {
        Assert.Equal("1", await FindAsync("one"));
        Assert.Equal("2", await FindAsync("two"));
        Assert.Null(await FindAsync("three"));
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task A_name_that_a_new_task_has_as_well_is_none_at_once()
    {
        Assert.Equal("1", await FindAsync("one"));

        _tasks["3"] = "one";

        Assert.Null(await FindAsync("one"));
    }

    [Fact]
    public async Task A_name_that_a_task_is_given_later_is_found_after_seconds()
    {
        Assert.Null(await FindAsync("first"));
        _tasks["1"] = "first";
        Assert.Null(await FindAsync("first"));

        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("1", await FindAsync("first"));
    }

    [Fact]
    public async Task A_task_that_is_listed_before_it_is_there_is_found_as_soon_as_it_is()
    {
        Assert.Null(await _names.FindIdAsync("acme", "new", ["1", "new"], ReadAsync));

        _tasks["new"] = "new";

        Assert.Equal("new", await _names.FindIdAsync("acme", "new", ["1", "new"], ReadAsync));
    }

    private Task<string?> FindAsync(string name) => _names.FindIdAsync("acme", name, [.. _tasks.Keys.Order(StringComparer.Ordinal)], ReadAsync);

    private Task<TaskDefinition?> ReadAsync(string id)
    {
        _reads++;
        return Task.FromResult(_tasks.TryGetValue(id, out var name)
            ? new TaskDefinition { Id = id, Customer = "acme", Name = name, Type = TaskType.Script }
            : null);
    }
}
