namespace SyncCluster.Tasks;

/// <summary>A customer's tasks, over the grains that hold them: one a task, and one with the list of their ids.</summary>
internal sealed class TaskCatalog(IGrainFactory grains)
{
    /// <summary>The task; null where there is none.</summary>
    public Task<TaskDefinition?> FindAsync(string customer, string taskId) => Task(customer, taskId).Get();

    /// <summary>The task's script; empty where it has none.</summary>
    public async Task<byte[]> ScriptAsync(TaskDefinition task) =>
        task.ScriptDigest is null ? [] : await Task(task.Customer, task.Id).GetScript(task.ScriptDigest) ?? [];

    /// <summary>The list first: an id without a task in it is passed over, a task that no list names would be lost.</summary>
    public async Task ImportAsync(TaskDefinition definition, byte[] script)
    {
        await List(definition.Customer).Add(definition.Id);
        await Task(definition.Customer, definition.Id).Put(definition, script);
    }

    /// <summary>In the order of their ids.</summary>
    public async Task<IReadOnlyList<TaskDefinition>> ListAsync(string customer)
    {
        var ids = await List(customer).Ids();
        var tasks = await System.Threading.Tasks.Task.WhenAll(ids.Select(id => FindAsync(customer, id)));
        return [.. tasks.OfType<TaskDefinition>()];
    }

    /// <summary>False: there was none. A job that is queued by then ends as failed; one that runs goes on.</summary>
    public async Task<bool> DeleteAsync(string customer, string taskId)
    {
        var existed = await Task(customer, taskId).Delete();
        await List(customer).Remove(taskId);
        return existed;
    }

    private ITaskGrain Task(string customer, string taskId) => grains.GetGrain<ITaskGrain>(TaskKey.Of(customer, taskId));

    private ITaskListGrain List(string customer) => grains.GetGrain<ITaskListGrain>(customer);
}
