using System.Security.Cryptography;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>What becomes of a task's scripts when it is updated and deleted.</summary>
[Collection(JobCluster.Name)]
public sealed class TaskGrainTests(JobCluster cluster)
{
    [Fact]
    public async Task An_update_keeps_the_scripts_before_it_for_the_jobs_that_wait_for_their_turn()
    {
        var (grain, task) = NewTask();
        await grain.Put(task with { ScriptDigest = Digest([1]) }, [1]);
        for (byte version = 2; version <= 20; version++)
        {
            var updated = await grain.Update(Replacement(task, [version]), [version]);
            Assert.Equal((task.Id, task.CreatedAt), (updated!.Id, updated.CreatedAt));
            Assert.Equal(task.SecretHash, updated.SecretHash);
        }

        // Also when the task was out of memory.
        await cluster.DeactivateAsync(grain);
        for (byte version = 1; version <= 20; version++)
        {
            Assert.Equal(new[] { version }, await grain.GetScript(Digest([version])));
        }
    }

    [Fact]
    public async Task No_more_bytes_of_earlier_scripts_are_kept_than_four_of_the_largest_have()
    {
        var (grain, task) = NewTask();
        var scripts = Enumerable.Range(0, 6).Select(number => Enumerable.Repeat((byte)number, RecipeFile.MaxBytes).ToArray()).ToArray();
        await grain.Put(task with { ScriptDigest = Digest(scripts[0]) }, scripts[0]);
        foreach (var script in scripts.Skip(1))
        {
            await grain.Update(Replacement(task, script), script);
        }

        var kept = await Task.WhenAll(scripts.Select(async script => await grain.GetScript(Digest(script)) is not null));
        Assert.Equal([false, true, true, true, true, true], kept);
    }

    [Fact]
    public async Task An_update_that_goes_back_to_an_earlier_script_keeps_it_once()
    {
        var (grain, task) = NewTask();
        await grain.Put(task with { ScriptDigest = Digest([1]) }, [1]);
        for (var round = 0; round < 200; round++)
        {
            byte[] script = [(byte)(1 + (round % 3))];
            await grain.Update(Replacement(task, script), script);
        }

        foreach (var version in (byte[])[1, 2, 3])
        {
            Assert.Equal(new[] { version }, await grain.GetScript(Digest([version])));
        }
    }

    [Fact]
    public async Task A_task_that_is_deleted_is_not_updated_and_has_no_script_any_longer()
    {
        var (grain, task) = NewTask();
        Assert.Null(await grain.Update(Replacement(task, [1]), [1]));
        await grain.Put(task with { ScriptDigest = Digest([1]) }, [1]);
        await grain.Update(Replacement(task, [2]), [2]);
        Assert.True(await grain.Delete());
        Assert.Null(await grain.Update(Replacement(task, [3]), [3]));
        Assert.Null(await grain.Get());
        Assert.Null(await grain.GetScript(Digest([1])));
    }

    private static string Digest(byte[] script) => Convert.ToHexStringLower(SHA256.HashData(script));

    private static TaskDefinition Replacement(TaskDefinition task, byte[] script) =>
        task with { Id = "another", SecretHash = [], CreatedAt = DateTimeOffset.UnixEpoch, ScriptDigest = Digest(script) };

    private (ITaskGrain Grain, TaskDefinition Task) NewTask()
    {
        var task = new TaskDefinition
        {
            Id = Guid.NewGuid().ToString("N"),
            Customer = "demo",
            Name = "Greet",
            Type = TaskType.Script,
            SecretHash = "secret"u8.ToArray(),
            CreatedAt = DateTimeOffset.UnixEpoch.AddYears(50),
        };
        return (cluster.Grains.GetGrain<ITaskGrain>(TaskKey.Of(task.Customer, task.Id)), task);
    }
}
