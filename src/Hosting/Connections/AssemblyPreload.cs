using System.Reflection;

namespace SyncCluster.Hosting.Connections;

/// <summary>
/// Loads every library that the program may use, while it starts. Otherwise a library is loaded at its first use, and one that could not be loaded because
/// too many files were open is never tried again: the server's first error would be an empty 500, and each one after it, until the process ends.
/// </summary>
internal sealed class AssemblyPreload : HostedLifecycleService
{
    private static readonly Lazy<Task> Loading = new(() => Task.Run(Load));

    /// <inheritdoc/>
    public override Task StartingAsync(CancellationToken cancellationToken)
    {
        // Beside the start, which takes longer.
        _ = Loading.Value;
        return Task.CompletedTask;
    }

    /// <summary>A server that says that it is ready has them all.</summary>
    public override Task StartedAsync(CancellationToken cancellationToken) => Loading.Value.WaitAsync(cancellationToken);

    private static void Load()
    {
        var known = new HashSet<string>();
        var next = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies());
        while (next.TryDequeue(out var assembly))
        {
            foreach (var reference in assembly.GetReferencedAssemblies().Where(reference => known.Add(reference.FullName)))
            {
                try
                {
                    next.Enqueue(Assembly.Load(reference));
                }
                catch (Exception optional) when (optional is IOException or BadImageFormatException)
                {
                    // A library may refer to another one that is not shipped with it.
                }
            }
        }
    }
}
