using System.Globalization;
using System.Text;

namespace SyncCluster.Scripts;

/// <summary>What the operating system passes to a program as arguments and environment variables (execve(2)).</summary>
/// <param name="Each">The bytes of one argument, or of one variable with its name, its end included.</param>
/// <param name="Total">The bytes of all of them together.</param>
internal sealed record ArgumentLimits(int Each, long Total)
{
    private const long MiB = 1 << 20;

    /// <summary>The size of the pointer to an argument, and of the byte at its end.</summary>
    private const int Overhead = 9;

    /// <summary>What the server adds: the words that start a script, and the variables of the server and the job.</summary>
    private const int Reserve = 64 << 10;

    /// <summary>The length of a name under which the server carries a variable.</summary>
    private const int CarrierLength = 24;

    /// <summary>The length of the path that takes the place of a file.</summary>
    private const int PathLength = 256;

    /// <summary>Those of this machine and process. They are the same on machines that are set up alike.</summary>
    public static ArgumentLimits OfThisMachine { get; } = OperatingSystem.IsLinux()
        ? new(32 * Environment.SystemPageSize, OfStack(NativeMethods.SoftLimit(NativeMethods.StackLimit)))
        : new(32 * 4096, OfStack(8 * (ulong)MiB));

    /// <summary>The limit of all arguments: a quarter of a program's stack, within limits of its own.</summary>
    /// <param name="stack">The size limit of the stack in bytes.</param>
    public static long OfStack(ulong stack) => Math.Clamp((long)Math.Min(stack / 4, long.MaxValue), 128 << 10, 6 * MiB);

    /// <summary>What a script could not be given of these arguments and variables, as the beginning of a sentence; null if it can be started.</summary>
    public string? Excess(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var total = 0L;
        for (var index = 0; index < arguments.Count; index++)
        {
            var size = SizeOf(arguments[index]);
            if (size >= Each)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"Argument {index} has {size} bytes, and the operating system gives a script at most {Each - 1} in one");
            }

            total += size + Overhead;
        }

        foreach (var (name, value) in environment)
        {
            var size = Math.Max(name.Length, CarrierLength) + 1L + Encoding.UTF8.GetByteCount(value);
            if (size >= Each)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"The variable {name} has {size} bytes with its name, and the operating system gives a script at most {Each - 1} in one");
            }

            total += size + Overhead;
        }

        var limit = Total - Reserve;
        return total <= limit ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"The arguments and variables have {total} bytes together, and the operating system gives a script at most {limit}");
    }

    private static long SizeOf(string argument)
    {
        var size = Encoding.UTF8.GetByteCount(argument);
        return size >= PathLength && DataUrl.Decode(argument) is not null ? PathLength : size;
    }
}
