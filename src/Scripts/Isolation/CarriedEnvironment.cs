using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace SyncCluster.Scripts.Isolation;

/// <summary>
/// A script's environment on its way through the programs that set its user, its sandbox and its limits. To them it says nothing: its values travel
/// under names that no program knows, so that a task's <c>LD_PRELOAD</c> or <c>PATH</c> counts only for the script. The last of them, a shell,
/// gives them their names. No value is on a command line, which every user of the machine may read.
/// </summary>
internal sealed class CarriedEnvironment
{
    private const string Prefix = "SYNCCLUSTER_VALUE_";

    /// <summary>Variables that a shell may refuse to set. It would end at the attempt.</summary>
    private static readonly FrozenSet<string> OfShells = FrozenSet.Create(
        StringComparer.Ordinal, "BASHOPTS", "BASH_VERSINFO", "EUID", "OPTIND", "PPID", "SHELLOPTS", "UID");

    /// <param name="environment">The variables of the script. Their names are those of a shell's variables.</param>
    public CarriedEnvironment(IReadOnlyDictionary<string, string> environment)
    {
        var text = new StringBuilder();
        var carried = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in environment)
        {
            if (name == RunMarker.Variable)
            {
                // Processes are found by it from their start on.
                carried[name] = value;
                continue;
            }

            var key = Prefix + carried.Count.ToString(CultureInfo.InvariantCulture);
            carried[key] = value;
            text.Append(OfShells.Contains(name)
                ? $"(export {name}=\"${key}\") 2>/dev/null && export {name}=\"${key}\"\n"
                : $"export {name}=\"${key}\"\n");
        }

        text.Append("unset").AppendJoin("", carried.Keys.Where(key => key != RunMarker.Variable).Select(key => " " + key)).Append('\n');
        Variables = carried;
        ShellText = text.ToString();
    }

    /// <summary>The variables that the programs in between get.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; }

    /// <summary>Shell commands, each a line, that give the variables their names.</summary>
    public string ShellText { get; }
}
