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
/// Imports the sample recipes at every start, before the server listens, each under the name of its file. If the <c>file</c> of a recipe has no
/// <c>data</c>, the script is in the same folder.
/// </summary>
internal sealed class DemoTasks(
    IOptions<DemoTaskOptions> options, IOptions<AuthOptions> auth, DemoMode demo, TaskCatalog catalog, TimeProvider timeProvider) : IHostedService
{
    /// <summary>As long as a dead silo may still count as a member.</summary>
    private static readonly TimeSpan Failover = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var customer = demo.IsOn ? DemoMode.Customer : options.Value.Customer;
        if (customer.Length == 0 || !Directory.Exists(options.Value.Folder))
        {
            return;
        }

        if (!demo.IsOn && !auth.Value.Customers.ContainsKey(customer))
        {
            throw Invalid($"Demo:Customer must be a customer of Auth:Customers, not `{customer}`.");
        }

        foreach (var path in Directory.EnumerateFiles(options.Value.Folder, "*.json").Order(StringComparer.Ordinal))
        {
            var recipe = await ReadAsync(path, cancellationToken);
            var id = Path.GetFileNameWithoutExtension(path);
            switch (Recipe.TryParse(
                System.Text.Encoding.UTF8.GetBytes(recipe.ToJsonString()), customer, id, Secret.Hash(Secret.New()), timeProvider.GetUtcNow()))
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

    private static OptionsValidationException Unusable(string path, string why) => Invalid($"The recipe {path} of Demo:Folder can't be used: {why}");

    private static OptionsValidationException Invalid(string message) => new(DemoTaskOptions.Section, typeof(DemoTaskOptions), [message]);

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
            catch (Exception fault) when (fault.IsClusterFault() && failover.Remaining > TimeSpan.Zero)
            {
                await Task.Delay(backoff.Next(), timeProvider, cancellationToken);
            }
        }
    }
}
