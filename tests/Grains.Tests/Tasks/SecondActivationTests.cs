using SyncCluster.Grains.Tests.Placement;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>
/// Tasks of which another activation has stored a change, as may happen while a silo joins: the tests change what is stored without the grain.
/// </summary>
public sealed class SecondActivationTests(OwnershipCluster cluster) : IClassFixture<OwnershipCluster>
{
    private const string Customer = "demo";

    private readonly TaskDefinition _task = new() { Id = Guid.NewGuid().ToString("N"), Customer = Customer, Name = "Greet", Type = TaskType.Script };

    private ITaskGrain Grain => cluster.Grains.GetGrain<ITaskGrain>(TaskKey.Of(Customer, _task.Id));

    private ITaskListGrain List => cluster.Grains.GetGrain<ITaskListGrain>(Customer);

    [Fact]
    public async Task A_task_that_another_activation_has_changed_is_known_once_a_silo_has_joined()
    {
        await Grain.Put(_task, []);
        await List.Add(_task.Id);
        Assert.Contains(_task.Id, await List.Ids());
        await ChangeElsewhereAsync<TaskState>("task", Grain, state => state with { Definition = state.Definition! with { Name = "Other" } });
        await ChangeElsewhereAsync<TaskListState>("tasklist", List, state => state with { Ids = [.. state.Ids, "other"] });

        await cluster.StartSiloAsync();
        Assert.Equal("Other", (await Grain.Get())!.Name);
        Assert.Contains("other", await List.Ids());

        // Neither is a change refused.
        Assert.Equal("Third", (await Grain.Update(_task with { Name = "Third" }, []))!.Name);
        await List.Remove("other");
        Assert.DoesNotContain("other", await List.Ids());
    }

    [Fact]
    public async Task A_script_that_another_activation_has_stored_is_found_at_once()
    {
        await Grain.Put(_task with { ScriptDigest = "first" }, [1]);
        await ChangeElsewhereAsync<TaskState>(
            "task",
            Grain,
            state => state with
            {
                Definition = state.Definition! with { ScriptDigest = "second" },
                Script = [2],
                Earlier = [new("first", [1])],
            });

        Assert.Equal([2], await Grain.GetScript("second"));
        Assert.Equal([1], await Grain.GetScript("first"));
    }

    private async Task ChangeElsewhereAsync<T>(string name, IAddressable grain, Func<T, T> change)
        where T : new()
    {
        var state = new GrainState<T>();
        await cluster.Catalog.ReadStateAsync(name, grain.GetGrainId(), state);
        state.State = change(state.State!);
        await cluster.Catalog.WriteStateAsync(name, grain.GetGrainId(), state);
    }
}
