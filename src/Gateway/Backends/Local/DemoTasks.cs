using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>
/// Imports the sample recipes before the server listens, each under the name of its file. If the <c>file</c> of a recipe has no <c>data</c>, the script
/// is in the same folder.
/// </summary>
internal sealed class DemoTasks(IOptions<DemoTaskOptions> options, DemoMode demo, TaskCatalog catalog, TimeProvider timeProvider) : IHostedService
{
    /// <summary>As long as a dead silo may still count as a member.</summary>
    private static readonly TimeSpan Failover = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!demo.IsOn || !Directory.Exists(options.Value.Folder))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(options.Value.Folder, "*.json").Order(StringComparer.Ordinal))
        {
            var recipe = await ReadAsync(path, cancellationToken);
            var id = Path.GetFileNameWithoutExtension(path);
            switch (Recipe.TryParse(
                System.Text.Encoding.UTF8.GetBytes(recipe.ToJsonString()), DemoMode.Customer, id, Secret.Hash(Secret.New()), timeProvider.GetUtcNow()))
            {
                case ParsedRecipe.Accepted accepted:
                    await ImportAsync(accepted, cancellationToken);
                    break;
                case ParsedRecipe.Refused refused:
                    throw Unusable(path, refused.Message);
            }
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static OptionsValidationException Unusable(string path, string why) =>
        new(DemoTaskOptions.Section, typeof(DemoTaskOptions), [$"The recipe {path} of Demo:Folder can't be used: {why}"]);

    /// <exception cref="OptionsValidationException">The recipe or its script can't be read.</exception>
    private static async Task<JsonObject> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var recipe = JsonNode.Parse(await File.ReadAllBytesAsync(path, cancellationToken)) as JsonObject ?? throw Unusable(path, "It is no JSON object.");
            if (recipe["file"] is JsonObject file && file["data"] is null && file["filename"] is JsonValue filename)
            {
                var script = Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileName(filename.ToString()));
                file["data"] = Convert.ToBase64String(await File.ReadAllBytesAsync(script, cancellationToken));
            }

            return recipe;
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, unreadable.Message);
        }
    }

    private async Task ImportAsync(ParsedRecipe.Accepted recipe, CancellationToken cancellationToken)
    {
        var failover = new Deadline(timeProvider, Failover);
        for (var backoff = RetryPolicy.Import.NewBackoff(); ;)
        {
            try
            {
                await catalog.ImportAsync(recipe.Definition, recipe.Script);
                return;
            }
            catch (Exception fault) when (fault is OrleansException or TimeoutException && failover.Remaining > TimeSpan.Zero)
            {
                await Task.Delay(backoff.Next(), timeProvider, cancellationToken);
            }
        }
    }
}
