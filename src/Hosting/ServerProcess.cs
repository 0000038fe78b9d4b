using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting;

/// <summary>Runs a server until it is told to stop. If it can't start, one sentence says why.</summary>
internal static class ServerProcess
{
    /// <param name="name">The name of the server in messages: <c>server</c> or <c>silo</c>.</param>
    /// <param name="build">Builds the server.</param>
    /// <returns>The exit code: 1 if the server could not start.</returns>
    public static async Task<int> RunAsync(string name, Func<WebApplication> build)
    {
        try
        {
            await using var app = build();
            await app.RunAsync();
            return 0;
        }
        catch (OperationCanceledException)
        {
            // The server was told to stop before the cluster was reachable.
            return 0;
        }
        catch (OptionsValidationException invalid)
        {
            await Console.Error.WriteLineAsync($"The {name} can't start: {string.Join(Environment.NewLine, invalid.Failures)}");
            return 1;
        }
        catch (IOException unusable)
        {
            await Console.Error.WriteLineAsync($"The {name} can't start: {unusable.Message} Choose its address with --urls http://127.0.0.1:PORT.");
            return 1;
        }
    }
}
