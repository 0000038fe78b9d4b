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
            var recipe = JsonNode.Parse(await File.ReadAllBytesAsync(path, cancellationToken))!;
            if (recipe["file"] is JsonObject file && file["data"] is null)
            {
                var script = Path.Combine(options.Value.Folder, Path.GetFileName(file["filename"]!.GetValue<string>()));
                file["data"] = Convert.ToBase64String(await File.ReadAllBytesAsync(script, cancellationToken));
            }

            var id = Path.GetFileNameWithoutExtension(path);
            switch (Recipe.TryParse(
                System.Text.Encoding.UTF8.GetBytes(recipe.ToJsonString()), DemoMode.Customer, id, Secret.Hash(Secret.New()), timeProvider.GetUtcNow()))
            {
                case ParsedRecipe.Accepted accepted:
                    await ImportAsync(accepted, cancellationToken);
                    break;
                case ParsedRecipe.Refused refused:
                    throw new OptionsValidationException(DemoTaskOptions.Section, typeof(DemoTaskOptions), [$"{path}: {refused.Message}"]);
            }
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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
