using SyncCluster.Scripts;

namespace SyncCluster.Hosting;

/// <summary>
/// Sets how Linux schedules the server's threads. By default, a thread that is woken may take the processor from the one that wakes it. Here that one is
/// mostly about to sleep: it has read a message for another thread, or has sent one. Changing between the two and back costs as much as the message does.
/// </summary>
internal static class ThreadScheduling
{
    /// <summary>
    /// To be called by the main thread, before it starts others: .NET gives a thread the policy that the thread that starts it had at first. So the setting
    /// is read before the configuration is made, and is none of its files.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <exception cref="InvalidOperationException">The setting has a value that is not valid.</exception>
    public static void Apply(string[] args)
    {
        var settings = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var options = settings.GetSection(ServerOptions.Section).Get<ServerOptions>() ?? new();
        if (OperatingSystem.IsLinux() && options.CpuScheduling == CpuScheduling.Batch)
        {
            NativeMethods.SetBatchPolicy();
        }
    }
}
