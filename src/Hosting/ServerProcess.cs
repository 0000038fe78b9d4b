namespace SyncCluster.Hosting;

/// <summary>Runs a server until it is told to stop. If it can't start, one sentence says why.</summary>
internal static class ServerProcess
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    /// <param name="name">The name of the server in messages: <c>server</c> or <c>silo</c>.</param>
    /// <param name="build">Builds the server.</param>
    /// <param name="errors">Where the sentence goes; null for the standard error stream.</param>
    /// <returns>The exit code: 1 if the server could not start.</returns>
    public static async Task<int> RunAsync(string name, Func<WebApplication> build, TextWriter? errors = null)
    {
        WebApplication? app = null;
        try
        {
            try
            {
                app = build();
                OwnProcess.WarnIfOpen(app.Services.GetRequiredService<ILoggerFactory>());
                await app.StartAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // What is not the operator's to mend is a fault of the program: then the stack trace is of use.
                await (errors ?? Console.Error).WriteLineAsync($"The {name} can't start: {StartupError.Describe(fault, app) ?? fault.ToString()}");
                await StopAsync(app);
                return 1;
            }

            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (OperationCanceledException)
        {
            // The server was told to stop before the cluster was reachable.
            return 0;
        }
        finally
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }
        }
    }

    /// <summary>Stops what had started: a silo whose web server can't listen is a member already, and the others would have to find out that it is gone.</summary>
    private static async Task StopAsync(WebApplication? app)
    {
        using var limit = new CancellationTokenSource(StopTime);
        try
        {
            await (app?.StopAsync(limit.Token) ?? Task.CompletedTask);
        }
        catch (Exception)
        {
            // What has not started can't always be stopped.
        }
    }
}
