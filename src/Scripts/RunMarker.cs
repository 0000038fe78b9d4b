using System.Globalization;
using System.Text;

namespace SyncCluster.Scripts;

/// <summary>The variable by which a process tells whose it is, even when it has left its process group and lost its parents.</summary>
internal readonly record struct RunMarker(Guid Runner, Guid Run)
{
    public const string Variable = "SYNCCLUSTER_RUN";

    public override string ToString() => $"{Runner:N}/{Run:N}";

    /// <summary>The run of that runner which an environment block (NUL-separated, as in <c>/proc/…/environ</c>) names, or null.</summary>
    public static Guid? RunIn(ReadOnlySpan<byte> environment, Guid runner)
    {
        var wanted = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Variable}={runner:N}/"));
        foreach (var range in environment.Split((byte)0))
        {
            var entry = environment[range];
            if (entry.StartsWith(wanted) && Guid.TryParseExact(Encoding.ASCII.GetString(entry[wanted.Length..]), "N", out var run))
            {
                return run;
            }
        }

        return null;
    }
}
