using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace SyncCluster.Jobs.Listing;

/// <summary>
/// What the index knows of a job: enough to find it. Names are there as hashes, since the job's record, which has the last word, has the names.
/// </summary>
/// <param name="Position">Its place among the customer's jobs.</param>
/// <param name="Task">The hash of its task's id.</param>
/// <param name="Caller">The hash of its caller's name.</param>
/// <param name="Acl">The hash of its access list; 0 for an empty one.</param>
/// <param name="Lifecycle">How it has ended. Of a job that is marked unfinished only its record tells.</param>
/// <param name="State">Its state at the end.</param>
/// <param name="EndedAt">When it ended: seconds since 1970. 0 for one that is marked unfinished.</param>
internal readonly record struct JobEntry(
    JobPosition Position, uint Task, uint Caller, ulong Acl, Lifecycle Lifecycle, JobState State, uint EndedAt)
{
    /// <summary>The length of its bytes.</summary>
    public const int Length = EndedAtAt + sizeof(uint);

    /// <summary>Where its members are in its bytes, behind the position.</summary>
    public const int LifecycleAt = JobPosition.Length;

    public const int StateAt = LifecycleAt + 1;
    public const int TaskAt = StateAt + 1;
    public const int CallerAt = TaskAt + sizeof(uint);
    private const int AclAt = CallerAt + sizeof(uint);
    private const int EndedAtAt = AclAt + sizeof(ulong);

    /// <summary>The lifecycle that stands for all of those that a job has before its end.</summary>
    public const Lifecycle UnfinishedLifecycle = Lifecycle.Ready;

    public bool HasEnded => Lifecycle.HasEnded();

    /// <summary>The same job as it was marked before its end. No property: to show a record shows its properties, and theirs.</summary>
    public JobEntry ToUnfinished() => this with { Lifecycle = UnfinishedLifecycle, State = JobState.InProgress, EndedAt = 0 };

    /// <summary>Whether the index has the job: TheEye lists its own.</summary>
    public static bool IsOf(JobSpec spec) => spec.Origin == JobOrigin.Local;

    public static JobEntry Of(JobRecord record)
    {
        var spec = record.Spec;
        var entry = new JobEntry(
            JobPosition.Of(spec),
            Hash(spec.TaskId),
            Hash(spec.User.Username),
            HashOf(spec.Acl),
            UnfinishedLifecycle,
            JobState.InProgress,
            EndedAt: 0);
        return record.HasEnded
            ? entry with
            {
                Lifecycle = record.Lifecycle,
                State = record.State,
                EndedAt = (uint)Math.Clamp(record.LastUpdate.ToUnixTimeSeconds(), 1, uint.MaxValue),
            }
            : entry;
    }

    /// <summary>The hash of a name.</summary>
    public static uint Hash(string name) => (uint)Hash64(name);

    public static JobEntry Read(ReadOnlySpan<byte> bytes) => new(
        JobPosition.Read(bytes),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[TaskAt..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[CallerAt..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[AclAt..]),
        (Lifecycle)bytes[LifecycleAt],
        (JobState)bytes[StateAt],
        BinaryPrimitives.ReadUInt32BigEndian(bytes[EndedAtAt..]));

    /// <summary>Bytes that begin with the position's, so that their order is that of the positions.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Length];
        Position.Write(bytes);
        bytes[LifecycleAt] = (byte)Lifecycle;
        bytes[StateAt] = (byte)State;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(TaskAt), Task);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CallerAt), Caller);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(AclAt), Acl);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(EndedAtAt), EndedAt);
        return bytes;
    }

    /// <summary>The hash of an access list; 0 for an empty one.</summary>
    public static ulong HashOf(string[] acl) => acl.Length == 0 ? 0 : Math.Max(1, Hash64(string.Join('\n', acl)));

    private static ulong Hash64(string text)
    {
        Span<byte> bytes = stackalloc byte[256];
        return XxHash64.HashToUInt64(Encoding.UTF8.TryGetBytes(text, bytes, out var length) ? bytes[..length] : Encoding.UTF8.GetBytes(text));
    }
}
