using SyncCluster.Gateway.Auth;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Gateway.Api.Tasks;

/// <summary>Imports, updates, exports and deletes the tasks, for the API and the console.</summary>
internal sealed class TaskEditor(RecipeReader recipes, TaskCatalog catalog, TimeProvider timeProvider)
{
    /// <summary>The least credential that all of it needs.</summary>
    public const Credential Needed = Credential.Admin;

    /// <summary>The task of an id or a name, if the caller may see it.</summary>
    public async Task<Result<TaskDefinition>> FindAsync(HttpContext http, string customer, string task)
    {
        if (!TaskId.IsValid(task) || await catalog.FindAsync(customer, task) is not { } found)
        {
            return Problems.NoSuchTask;
        }

        return http.GetCaller().Caller.IsAllowedBy(found.Acl) ? found : Problems.NotOnTaskList;
    }

    /// <summary>Makes a task of the request's recipe.</summary>
    /// <param name="http">The request.</param>
    /// <param name="customer">The caller's customer.</param>
    /// <param name="sameName">What is done if there is a task of the recipe's name.</param>
    public async Task<Result<EditedTask>> ImportAsync(HttpContext http, string customer, SameName sameName)
    {
        var secret = Secret.New();
        if (!(await ParseAsync(http, customer, JobId.New(), Secret.Hash(secret))).TryGet(out var recipe, out var problem))
        {
            return problem;
        }

        if (sameName != SameName.Import)
        {
            var named = (await catalog.ListAsync(customer)).Where(task => task.Name == recipe.Definition.Name).Take(2).ToArray();
            if (named.Length > 0 && sameName == SameName.Refuse)
            {
                return Problems.TaskExists;
            }

            if (named.Length > 1)
            {
                return Problems.SeveralTasks;
            }

            if (named is [var task])
            {
                http.Features.Set(new AuditedTask(task.Id));
                return await ReplaceAsync(task.Id, recipe);
            }
        }

        await catalog.ImportAsync(recipe.Definition, recipe.Script);
        http.Features.Set(new AuditedTask(recipe.Definition.Id));
        return new EditedTask(recipe.Definition, secret);
    }

    /// <summary>Makes a task what the request's recipe says.</summary>
    public async Task<Result<EditedTask>> UpdateAsync(HttpContext http, string customer, string task) =>
        (await FindAsync(http, customer, task)).TryGet(out var found, out var problem)
            && (await ParseAsync(http, customer, found.Id, secretHash: [])).TryGet(out var recipe, out problem)
            ? await ReplaceAsync(found.Id, recipe)
            : problem;

    /// <summary>The recipe of a task. It has the task's environment.</summary>
    public async Task<byte[]> ExportAsync(TaskDefinition task) => Recipe.Export(task, await catalog.ScriptAsync(task));

    /// <summary>Gives a task another secret.</summary>
    public async Task<Result<EditedTask>> RenewSecretAsync(HttpContext http, string customer, string task)
    {
        if (!(await FindAsync(http, customer, task)).TryGet(out var found, out var problem))
        {
            return problem;
        }

        var secret = Secret.New();
        return await catalog.RenewSecretAsync(customer, found.Id, Secret.Hash(secret)) is { } renewed
            ? new EditedTask(renewed, secret)
            : Problems.NoSuchTask;
    }

    /// <returns>Why it is not deleted; null if it is.</returns>
    public async Task<Problem?> DeleteAsync(HttpContext http, string customer, string task) =>
        !(await FindAsync(http, customer, task)).TryGet(out var found, out var problem) ? problem
        : await catalog.DeleteAsync(customer, found.Id) ? null
        : Problems.NoSuchTask;

    private async Task<Result<EditedTask>> ReplaceAsync(string id, ParsedRecipe.Accepted recipe) =>
        await catalog.UpdateAsync(recipe.Definition with { Id = id }, recipe.Script) is { } updated
            ? new EditedTask(updated, Secret: null)
            : Problems.NoSuchTask;

    private async Task<Result<ParsedRecipe.Accepted>> ParseAsync(HttpContext http, string customer, string id, byte[] secretHash)
    {
        if (!(await recipes.ReadAsync(http)).TryGet(out var body, out var problem))
        {
            return problem;
        }

        return Recipe.TryParse(body.Json, customer, id, secretHash, timeProvider.GetUtcNow()) switch
        {
            ParsedRecipe.Accepted accepted => accepted,
            ParsedRecipe.Refused refused => Problems.InvalidRecipe(refused.Status, refused.Message),
            _ => throw new InvalidOperationException("A recipe is accepted or refused."),
        };
    }
}

/// <summary>What an import does if there is a task of the recipe's name.</summary>
internal enum SameName
{
    /// <summary>It makes another one.</summary>
    Import = 0,

    /// <summary>It updates that one, if there is only one.</summary>
    Update = 1,

    /// <summary>It does nothing.</summary>
    Refuse = 2,
}

/// <summary>A task that was imported or changed.</summary>
/// <param name="Definition">The task as it is now.</param>
/// <param name="Secret">Its secret, if that is new: it is to be shown now or never. Else null.</param>
internal sealed record EditedTask(TaskDefinition Definition, string? Secret)
{
    /// <summary>Keeps the secret out of logs.</summary>
    public override string ToString() => Definition.Id;
}
