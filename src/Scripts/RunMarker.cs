using System.Globalization;
using System.Text;

namespace SyncCluster.Scripts;

/// <summary>The environment variable that identifies the run of a process, even if the process has left its group and lost its parents.</summary>
internal readonly record struct RunMarker(Guid Runner, Guid Run)
{
    public const string Variable = "SYNCCLUSTER_RUN";

    public override string ToString() => $"{Runner:N}/{Run:N}";

    /// <summary>The run of a runner that an environment block names; null if it names none.</summary>
    /// <param name="environment">Variables separated by NUL, as in <c>/proc/…/environ</c>.</param>
    /// <param name="runner">The runner.</param>
    public static Guid? Find(ReadOnlySpan<byte> environment, Guid runner)
    {
        var prefix = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Variable}={runner:N}/"));
        foreach (var range in environment.Split((byte)0))
        {
            var entry = environment[range];
            if (entry.StartsWith(prefix) && Guid.TryParseExact(Encoding.ASCII.GetString(entry[prefix.Length..]), "N", out var run))
            {
                return run;
            }
        }

        return null;
    }
}
