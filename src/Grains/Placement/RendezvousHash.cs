namespace SyncCluster.Placement;

/// <summary>
/// Rendezvous hashing: a job belongs to the silo whose hash together with the job's is the highest. All that know the same silos name the same one
/// without asking. A silo that joins takes its own share from all others, and only what a silo has owned changes its owner when it leaves.
/// </summary>
internal static class RendezvousHash
{
    /// <summary>The index of the job's silo; -1 if there is none.</summary>
    /// <param name="job">The uniform hash code of the job's grain.</param>
    /// <param name="silos">The consistent hash codes of the silos.</param>
    public static int IndexOf(uint job, ReadOnlySpan<int> silos)
    {
        var best = -1;
        var highest = 0UL;
        for (var index = 0; index < silos.Length; index++)
        {
            var weight = Mix(((ulong)job << 32) | (uint)silos[index]);
            if (best < 0 || weight > highest)
            {
                (best, highest) = (index, weight);
            }
        }

        return best;
    }

    /// <summary>The finalizer of SplitMix64: hashes of silos and of jobs may be alike.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebUL;
        return value ^ (value >> 31);
    }
}
