using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.WebConsole;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Storage;

namespace SyncCluster.Gateway;

/// <summary>Printed when the server is ready.</summary>
internal static class StartupBanner
{
    public static void Print(WebApplication app, TextWriter output)
    {
        var url = app.Urls.First().Replace("[::]", "localhost", StringComparison.Ordinal);
        output.WriteLine($"SyncCluster is ready at {string.Join(", ", app.Urls)}. The API is described at {url}/docs.");
        if (app.Services.GetRequiredService<IOptions<ConsoleOptions>>().Value.Enabled)
        {
            output.WriteLine($"The console is at {url}{ConsolePaths.Root}/.");
        }

        if (app.Services.GetService<SqliteDatabase>() is not null)
        {
            var storage = app.Services.GetRequiredService<IOptions<StorageOptions>>().Value;
            output.WriteLine(storage.IsInMemory
                ? "It keeps jobs and tasks in memory: they end with it."
                : $"It keeps jobs and tasks in {storage.Folder} (Storage:Path).");
        }

        var demo = app.Services.GetRequiredService<DemoMode>();
        if (!demo.IsOn)
        {
            return;
        }

        output.WriteLine($"""

            It serves the sample tasks of the customer {DemoMode.Customer} to this machine. Run one and wait for its answer:

              curl -s -X POST '{url}/{DemoMode.Customer}/task/hello/job?access_token={DemoMode.UserToken}' --header 'content-type: application/json' --data '["world"]'

            Token that may run tasks:              {DemoMode.UserToken}
            Token that may import and delete them: {demo.AdminToken}  (a new one at every start)
            """);
    }
}
