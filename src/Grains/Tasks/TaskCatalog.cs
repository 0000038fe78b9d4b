namespace SyncCluster.Tasks;

/// <summary>The tasks of all customers. Each task has a grain, and each customer has one with the list of its task ids.</summary>
internal sealed class TaskCatalog(IGrainFactory grains, TaskNames names)
{
    /// <summary>The task of an id, or the only one of a name; null if there is none.</summary>
    public async Task<TaskDefinition?> FindAsync(string customer, string idOrName)
    {
        if (await Task(customer, idOrName).Get() is { } task)
        {
            return task;
        }

        var ids = await List(customer).Ids();
        return await names.FindIdAsync(customer, idOrName, ids, id => Task(customer, id).Get()) is { } found
            && await Task(customer, found).Get() is { } named && named.Name == idOrName
            ? named
            : null;
    }

    /// <summary>The task's script; empty if it has none.</summary>
    public async Task<byte[]> ScriptAsync(TaskDefinition task) =>
        task.ScriptDigest is null ? [] : await Task(task.Customer, task.Id).GetScript(task.ScriptDigest) ?? [];

    /// <summary>
    /// Creates or replaces a task. It writes the list first: an id without a task is skipped, but a task that is in no list would be lost.
    /// </summary>
    public async Task ImportAsync(TaskDefinition definition, byte[] script)
    {
        await List(definition.Customer).Add(definition.Id);
        await Task(definition.Customer, definition.Id).Put(definition, script);
    }

    /// <summary>Replaces a task that is there; its id and its secret stay.</summary>
    /// <returns>The task as it is now; null if there is none.</returns>
    public Task<TaskDefinition?> UpdateAsync(TaskDefinition definition, byte[] script) =>
        Task(definition.Customer, definition.Id).Update(definition, script);

    /// <summary>Gives a task another secret.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="taskId">The task's id.</param>
    /// <param name="secretHash">SHA-256 of the secret.</param>
    /// <returns>The task as it is now; null if there is none.</returns>
    public Task<TaskDefinition?> RenewSecretAsync(string customer, string taskId, byte[] secretHash) => Task(customer, taskId).RenewSecret(secretHash);

    /// <summary>The customer's tasks, in the order of their ids.</summary>
    public async Task<IReadOnlyList<TaskDefinition>> ListAsync(string customer)
    {
        var ids = await List(customer).Ids();
        var tasks = await System.Threading.Tasks.Task.WhenAll(ids.Select(id => Task(customer, id).Get()));
        return [.. tasks.OfType<TaskDefinition>()];
    }

    /// <summary>Deletes a task. False: there was none. Its queued jobs will fail; its running jobs go on.</summary>
    public async Task<bool> DeleteAsync(string customer, string taskId)
    {
        var existed = await Task(customer, taskId).Delete();
        await List(customer).Remove(taskId);
        return existed;
    }

    private ITaskGrain Task(string customer, string taskId) => grains.GetGrainByKey<ITaskGrain>(TaskKey.Of(customer, taskId));

    private ITaskListGrain List(string customer) => grains.GetGrainByKey<ITaskListGrain>(customer);
}
